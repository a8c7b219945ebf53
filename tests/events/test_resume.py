"""Resume: what is so is told, in the order of positions, alike by Python and by the database."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollout.events.database import connected
from rollout.events.event import Event, NewEvent, RegisteredSession
from rollout.events.event_types import canonical_names, shipped_types, stored_names
from rollout.events.resume import resume
from rollout.events.store import append, read_events, read_session, resume_in_sql
from tests.events.databases import INSTANCE, ask
from tests.events.simulation import remembered, share, simulate, wrong_fields
from tests.searches import at_most

CANONICAL = canonical_names(shipped_types())
T = "2026-02-03T15:20:00.000000Z"
Logged = tuple[str, dict[str, object]]


def told(*logged: Logged, parents: dict[int, int] | None = None) -> dict[str, Any]:
    """Fold events that were logged in this order; `parents` says whose child the nth is."""
    events = [
        Event(number, kind, data, T, T, str(UUID(int=number)), _id((parents or {}).get(number)))
        for number, (kind, data) in enumerate(logged, 1)
    ]
    return resume(INSTANCE, events, None, CANONICAL)


def _id(number: int | None) -> str | None:
    return str(UUID(int=number)) if number else None


def in_flight(*logged: Logged, parents: dict[int, int] | None = None) -> list[int]:
    return [spawn["sequence_num"] for spawn in told(*logged, parents=parents)["subagents_in_flight"]]


def test_the_newest_message_counts_and_not_the_oldest() -> None:
    answer = told(("user_message", {"content": "first"}), ("user_message", {"content": "last"}), ("commit", {}))
    assert answer["last_user_message"] == {"content": "last", "sequence_num": 2, "timestamp": T}


def test_order_is_that_of_positions_not_of_clocks() -> None:
    late = Event(1, "commit", {"hash": "early"}, "2099-01-01T00:00:00.000000Z", T)
    early = Event(2, "commit_created", {"commit_hash": "late"}, T, T)
    answer = resume(INSTANCE, [early, late], None, CANONICAL)
    commit: Any = answer["last_commit"]
    assert commit["hash"] == "late"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("task_spawned", "spawn"),
        ("epic_started", "epic_start"),
        ("commit_created", "commit"),
        ("deployment_started", "deploy_start"),
        ("deployment_completed", "deploy_complete"),
        ("deploy", "deploy_complete"),
        ("deployment_failed", "deploy_failed"),
    ],
)
def test_other_names_are_read_as_the_same(old: str, new: str) -> None:
    data: dict[str, object] = {"service": "api", "epic_id": "e", "hash": "h"}
    answers = [told((kind, data)) for kind in (old, new)]
    for answer in answers:
        del answer["first_event"], answer["last_event"]
    assert answers[0] == answers[1]


def test_an_epic_is_open_until_it_is_completed_or_failed_and_again_when_started_again() -> None:
    answer = told(
        ("epic_start", {"epic_id": "a", "feature": "auth"}),
        ("epic_started", {"epic_id": "b"}),
        ("epic_start", {"epic_id": "c"}),
        ("epic_completed", {"epic_id": "b"}),
        ("epic_failed", {"epic_id": "c"}),
        ("epic_start", {"epic_id": "c"}),
    )
    assert [(epic["epic_id"], epic["feature"]) for epic in answer["open_epics"]] == [("a", "auth"), ("c", None)]


SPAWNS: tuple[Logged, ...] = (
    ("spawn", {"description": "one", "task_id": "t1"}),
    ("task_spawned", {"description": "two", "task_id": 2}),
    ("spawn", {"description": "two", "agent_id": "t1"}),
)
ENDS: dict[str, tuple[Logged, dict[int, int], list[int]]] = {
    "by its parent": (("task_completed", {"task_id": "t1"}), {4: 3}, [1, 2]),
    "by its task": (("task_failed", {"task_id": "2"}), {}, [1, 3]),
    "by its agent": (("task_completed", {"agent_id": "t1", "description": "one"}), {}, [1, 2]),
    "by its description, the oldest first": (("task_completed", {"description": "two"}), {}, [1, 3]),
    "unnamed, the oldest": (("task_completed", {"result": "ok"}), {}, [2, 3]),
    "of a task that nobody spawned": (("task_completed", {"task_id": "t9"}), {}, [1, 2, 3]),
    "by a parent that has ended, nothing more": (("task_completed", {"result": "again"}), {4: 9}, [1, 2, 3]),
    "an error ends nothing": (("error", {"task_id": "t1"}), {}, [1, 2, 3]),
}


@pytest.mark.parametrize("way", ENDS)
def test_a_subagent_is_in_flight_until_an_end_names_it(way: str) -> None:
    end, parents, left = ENDS[way]
    assert in_flight(*SPAWNS, end, parents=parents) == left


def test_an_end_may_arrive_before_its_spawn() -> None:
    assert in_flight(("task_completed", {}), SPAWNS[0], SPAWNS[1], parents={1: 2}) == [3]


def test_the_last_deploy_of_each_service_says_its_state() -> None:
    answer = told(
        ("deploy", {"service": "api", "status": "success", "port": 5100}),
        ("deploy_start", {"service": "web"}),
        ("deploy_start", {"service": "api"}),
        ("deployment_failed", {"service": "worker", "environment": "local"}),
        ("deployment_completed", {"service": "api", "status": "degraded"}),
    )
    states = [(d["service"], d["state"], d["port"], d["environment"]) for d in answer["deploys"]]
    assert states == [
        ("api", "degraded", None, None),
        ("web", "started", None, None),
        ("worker", "failed", None, "local"),
    ]


def test_the_five_newest_errors_are_told_newest_first() -> None:
    logged: list[Logged] = [("error", {"error_type": "t", "message": f"m{number}"}) for number in range(7)]
    answer = told(*logged)
    assert [error["message"] for error in answer["recent_errors"]] == ["m6", "m5", "m4", "m3", "m2"]


def test_a_pull_request_keeps_its_title_when_it_is_merged() -> None:
    answer = told(
        ("pr_created", {"pr_number": 3, "title": "feat: auth", "pr_url": "https://example.org/3"}),
        ("pr_created", {"pr_number": 4, "title": "fix: logout"}),
        ("pr_merged", {"pr_number": 3}),
    )
    shown = [(request["number"], request["title"], request["state"]) for request in answer["pull_requests"]]
    assert shown == [("4", "fix: logout", "open"), ("3", "feat: auth", "merged")]


def test_the_last_checkpoint_is_told_whole() -> None:
    answer = told(("checkpoint_created", {"next": "a"}), ("checkpoint_created", {"next": "b", "files": ["x"]}))
    assert answer["last_checkpoint"]["data"] == {"next": "b", "files": ["x"]}


def test_the_newest_goal_counts() -> None:
    answer = told(("goal", {"text": "a login"}), ("goal", {"text": "a login by e-mail"}), ("commit", {}))
    assert answer["goal"] == {"text": "a login by e-mail", "sequence_num": 2, "timestamp": T}


def standing(name: str, field: str, *logged: Logged) -> list[str]:
    return [entry[field] for entry in told(*logged)[name]]


@pytest.mark.parametrize("replaces", ["in Redis", "#1", str(UUID(int=1))])
def test_a_decision_that_was_replaced_is_not_told(replaces: str) -> None:
    first: tuple[Logged, ...] = (("decision", {"decision": "in Redis"}), ("decision", {"decision": "by e-mail"}))
    second: Logged = ("decision", {"decision": "in PostgreSQL", "reason": "one less", "replaces": replaces})
    assert standing("decisions", "decision", *first, second) == ["by e-mail", "in PostgreSQL"]


def test_what_is_blocked_is_told_until_it_goes_on() -> None:
    blocked: tuple[Logged, ...] = tuple(("blocked", {"what": what, "by": "x"}) for what in ("a", "b", "c"))
    ends: tuple[Logged, ...] = (("unblocked", {"what": "a"}), ("unblocked", {"what": "#2"}), ("unblocked", {}))
    assert standing("blocked", "what", *blocked, *ends) == ["c"]


def test_every_approach_that_failed_is_told_once_with_its_last_reason() -> None:
    tried: tuple[Logged, ...] = tuple(
        ("attempt_failed", {"approach": way, "reason": reason}) for way, reason in ("a1", "b2", "a3")
    )
    assert standing("failed_attempts", "reason", *tried) == ["2", "3"]


def test_a_subagent_that_was_cut_off_is_told_until_it_is_spawned_again() -> None:
    cut: Logged = ("task_failed", {"description": "two", "ended_by": "inferred"})
    assert standing("interrupted", "description", *SPAWNS, cut, ("task_failed", {"description": "one"})) == ["two"]
    assert standing("interrupted", "description", cut, SPAWNS[1]) == []


def test_a_gap_is_said() -> None:
    gap = [Event(1, "commit"), Event(4, "commit")]
    answer = resume(INSTANCE, gap, None, CANONICAL)
    assert (answer["complete"], answer["missing"]) == (False, 2)


def test_what_is_not_understood_is_counted() -> None:
    answer = told(("coffee", {}), ("coffee", {}), ("commit", {"_invalid_json": "{"}), ("commit", {}))
    assert answer["not_understood"] == [{"event_type": "coffee", "count": 2}, {"event_type": "commit", "count": 1}]


def test_a_clock_that_runs_ahead_does_not_keep_a_session_alive() -> None:
    ahead = Event(1, "commit", {}, "2099-01-01T00:00:00.000000Z", seen=T)
    answer = resume(INSTANCE, [ahead], RegisteredSession(heartbeat="2026-01-01T00:00:00.000000Z"), CANONICAL)
    session: Any = answer["session"]
    assert session["heartbeat"] == T


# Values of every kind, so that both folds must agree on what names something and what does not.
VALUE = st.sampled_from(["a", "b", "", 0, 7, -1, 1.5, True, None, ["a"], {"a": 1}, "ä", "10", 10])
FIELDS = [
    "epic_id", "epic", "id", "task_id", "agent_id", "description", "service", "name", "status", "hash",
    "message", "content", "pr_number", "url", "title", "context_percent", "error_type", "feature", "subagent",
    "turn",
]  # fmt: skip
DATA = st.dictionaries(st.sampled_from(FIELDS), VALUE, max_size=4)
ANY_TYPE = st.sampled_from([kind.name for kind in shipped_types()] + ["coffee"])
TASKS = st.dictionaries(
    st.sampled_from(["task_id", "agent_id", "description", "ended_by"]),
    st.sampled_from(["a", 1, "inferred"]),
    max_size=3,
)
WORDS = st.dictionaries(
    st.sampled_from(["text", "goal", "decision", "replaces", "approach", "reason", "what", "by"]),
    st.sampled_from(["a", "b", "#1", "#2", "", 1]),
    max_size=4,
)
LOGGED = (
    st.tuples(ANY_TYPE, DATA, st.integers(0, 12))
    | st.tuples(st.sampled_from(["spawn", "task_completed", "task_failed"]), TASKS, st.integers(0, 20))
    | st.tuples(st.sampled_from(["goal", "decision", "attempt_failed", "blocked", "unblocked"]), WORDS, st.just(99))
)


@settings(at_most(200), suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(logged=st.lists(LOGGED, max_size=25))
def test_python_and_the_database_tell_the_same(event_store: str, logged: list[tuple[str, dict[str, Any], int]]) -> None:
    ask(event_store, "SELECT purge_instance(%s, 'infinity')", INSTANCE)
    with connected(event_store) as connection:
        ids = [UUID(int=number, version=4) for number in range(1, len(logged) + 1)]
        for event_id, (kind, data, parent) in zip(ids, logged, strict=True):
            claimed = str(ids[parent]) if parent < len(ids) else ""
            append(connection, NewEvent(INSTANCE, kind, json.dumps(data), parent=claimed, event_id=event_id))
        events, session = read_events(connection, INSTANCE), read_session(connection, INSTANCE)
        folded = resume(INSTANCE, events, session, stored_names(connection))
        assert resume_in_sql(connection, INSTANCE) == folded


def test_every_postgres_tells_the_same_of_a_whole_session(any_event_store: str) -> None:
    agent = simulate(7)
    with connected(any_event_store) as connection:
        for event in agent.logged:
            data, parent = json.dumps(event.data), event.parent_uuid or ""
            logged = NewEvent(INSTANCE, event.event_type, data, parent=parent, event_id=UUID(event.event_id))
            append(connection, logged)
        answer = resume_in_sql(connection, INSTANCE)
    assert wrong_fields(agent.truth, answer) == []


def test_a_session_whose_every_event_was_logged_is_told_right() -> None:
    wrong = [
        wrong_fields(agent.truth, resume(INSTANCE, remembered(agent, 0.0, hooks=False), None, CANONICAL))
        for agent in map(simulate, range(400))
    ]
    assert str(share(wrong)) == "100.0 % (99.0 to 100.0 %) of 400"


def test_the_simulation_would_notice_a_forgotten_event() -> None:
    wrong = [
        wrong_fields(agent.truth, resume(INSTANCE, remembered(agent, 0.05, hooks=False), None, CANONICAL))
        for agent in map(simulate, range(200))
    ]
    assert share(wrong).right < 150


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, 2500, 500))
def test_2500_sessions_are_told_right_by_the_database(event_store: str, first: int) -> None:
    agents = {f"simulated-PS-{seed:06x}": simulate(seed) for seed in range(first, first + 500)}
    with connected(event_store) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY event_intake FROM STDIN") as copy:
            for instance, agent in agents.items():
                for event in agent.logged:
                    copy.write_row(
                        (event.event_id, instance, event.event_type, event.timestamp, json.dumps(event.data), None,
                         event.parent_uuid, "odin3")
                    )  # fmt: skip
        wrong = [wrong_fields(agent.truth, resume_in_sql(connection, instance)) for instance, agent in agents.items()]
    assert str(share(wrong)) == "100.0 % (99.2 to 100.0 %) of 500"
