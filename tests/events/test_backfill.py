"""Backfill: every row of the old table becomes one event, again and again, and the counts prove it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rollout.demo.postgres.server import Server
from rollout.errors import RolloutError, UsageError
from rollout.events.backfill import Count, agree, backfill, check_shape, check_zone, read_shape
from rollout.events.database import connected
from rollout.events.store import resume_in_sql
from tests.events.databases import INSTANCE, ask, opened, with_old_store
from tests.postgres import fresh_database, migrated, template_of

SHORT_FORM = """
    CREATE TABLE command_log (
        id bigserial PRIMARY KEY, instance_id varchar(32), command_type varchar(64), action varchar(256),
        parameters jsonb, tags jsonb, success boolean)
"""
EVENTS = """
    SELECT event_type, event_data, metadata, "timestamp" AT TIME ZONE 'UTC' FROM event_store
     WHERE metadata ? 'backfilled_from' AND instance_id = %s ORDER BY sequence_num
"""


@pytest.fixture
def old_store(postgres: Server) -> Iterator[str]:
    yield from _with_both(postgres)


@pytest.fixture
def any_old_store(any_postgres: Server) -> Iterator[str]:
    yield from _with_both(any_postgres)


def _with_both(server: Server) -> Iterator[str]:
    """Give a database with the first user's tables and an event store."""
    template = template_of(server, "old store and new", lambda url: migrated(with_old_store(url)))
    yield from fresh_database(server, template)


@pytest.fixture
def short_form(event_store: str) -> str:
    ask(event_store, SHORT_FORM)
    return event_store


def carried_over(url: str, zone: str = "UTC") -> tuple[Count, ...]:
    with connected(url) as connection:
        return backfill(connection, "command_log", zone)


def add(url: str, **columns: Any) -> None:
    names = ", ".join(columns)
    marks = ", ".join(["%s"] * len(columns))
    ask(url, f"INSERT INTO command_log ({names}) VALUES ({marks})", *columns.values())


def type_of(url: str, **columns: Any) -> str:
    add(url, **{"instance_id": INSTANCE, "command_type": "explicit", "action": "x"} | columns)
    carried_over(url)
    newest = ask(url, "SELECT event_type FROM event_store ORDER BY sequence_num DESC LIMIT 1")
    return str(newest[0][0])


def test_every_row_becomes_an_event_and_the_counts_say_so(any_old_store: str) -> None:
    assert carried_over(any_old_store) == (Count(INSTANCE, 3, 3), Count("supervisor-service-MS-3f81ad", 1, 1))


def test_the_rows_come_in_the_order_of_their_times(any_old_store: str) -> None:
    carried_over(any_old_store)
    assert [kind for kind, *_ in ask(any_old_store, EVENTS, INSTANCE)] == ["commit", "spawn", "deploy_failed"]


def test_parameters_result_and_error_are_kept(old_store: str) -> None:
    carried_over(old_store)
    commit, _, deploy = ask(old_store, EVENTS, INSTANCE)
    assert commit[1] == {
        "message": "fix: login",
        "hash": "d4e5f6a",
        "action": "git_commit",
        "success": True,
        "execution_time_ms": 40,
        "result": {"hash": "d4e5f6a", "noise": [1, 2]},
    }
    assert deploy[1] == {
        "service": "api",
        "port": 5100,
        "result": "mine",
        "_result": {"ok": False},
        "error_message": "port 5100 is taken",
        "action": "deploy_service",
        "tool_name": "mcp_deploy",
        "success": False,
        "execution_time_ms": 900,
    }


def test_the_row_it_came_from_is_in_the_metadata(old_store: str) -> None:
    carried_over(old_store)
    metadata = ask(old_store, EVENTS, INSTANCE)[0][2]
    assert metadata == {
        "backfilled_from": "command_log",
        "command_log_id": 2,
        "source": "explicit",
        "command_type": "explicit",
        "action": "git_commit",
        "tags": ["git"],
        "context_data": {"epic": "epic-003"},
    }


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ("UTC", "12:00:01", "12:00:00"),
        ("Europe/Stockholm", "11:00:01", "10:00:00"),
        ("America/New_York", "17:00:01", "16:00:00"),
    ],
)
def test_times_are_read_in_the_zone_that_is_given(old_store: str, zone: str, winter: str, summer: str) -> None:
    carried_over(old_store, zone)
    times = [ask(old_store, EVENTS, i)[0][3].time() for i in (INSTANCE, "supervisor-service-MS-3f81ad")]
    assert [str(time) for time in times] == [winter, summer]


def test_a_column_with_a_zone_is_believed(old_store: str) -> None:
    ask(
        old_store,
        "ALTER TABLE command_log ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC'",
    )
    with connected(old_store) as connection:
        check_shape(read_shape(connection, "command_log"), "command_log", None)
    carried_over(old_store, "America/New_York")
    assert str(ask(old_store, EVENTS, INSTANCE)[0][3].time()) == "12:00:01"


def test_a_second_run_adds_only_what_is_new(old_store: str) -> None:
    carried_over(old_store)
    add(
        old_store, instance_id=INSTANCE, command_type="explicit", action="epic_completed", parameters='{"epic_id": "e"}'
    )
    before = ask(old_store, "SELECT event_id, sequence_num FROM event_store ORDER BY created_at, sequence_num")
    assert carried_over(old_store)[0] == Count(INSTANCE, 4, 4)
    after = ask(old_store, "SELECT event_id, sequence_num FROM event_store ORDER BY created_at, sequence_num")
    assert (after[: len(before)], len(after)) == (before, len(before) + 1)


def test_nothing_is_deleted(old_store: str) -> None:
    rows = "SELECT c::text FROM command_log c ORDER BY id"
    before = ask(old_store, rows)
    carried_over(old_store)
    assert ask(old_store, rows) == before


def test_it_can_run_while_both_tables_are_written(old_store: str) -> None:
    def log(number: int) -> None:
        with opened(old_store) as connection:
            for _ in range(20):
                connection.execute(
                    "INSERT INTO command_log (instance_id, command_type, action) VALUES (%s, 'explicit', 'commit')",
                    (INSTANCE,),
                )
                connection.execute("SELECT append_event(%s, 'spawn')", (INSTANCE,))

    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(log, number) for number in range(4)] + [
            pool.submit(carried_over, old_store) for _ in range(2)
        ]
        for done in work:
            done.result()
    counts = carried_over(old_store)
    assert (counts[0], agree(counts)) == (Count(INSTANCE, 83, 83), True)
    gaps = ask(old_store, "SELECT max(sequence_num) - count(*) FROM event_store WHERE instance_id = %s", INSTANCE)
    assert gaps == [(2,)]  # the old rows had that gap before


def test_the_short_form_works_too(short_form: str) -> None:
    add(
        short_form,
        instance_id=INSTANCE,
        command_type="spawn",
        action="Implement epic-003",
        parameters='{"description": "x"}',
    )
    add(short_form, instance_id=INSTANCE, command_type="commit", action="feat: auth", parameters="[1]", success=True)
    assert carried_over(short_form) == (Count(INSTANCE, 2, 2),)
    kinds = [(kind, data, notes.get("time_unknown")) for kind, data, notes, _ in ask(short_form, EVENTS, INSTANCE)]
    assert kinds == [
        ("spawn", {"description": "x", "action": "Implement epic-003"}, True),
        ("commit", {"_value": [1], "action": "feat: auth", "message": "feat: auth", "success": True}, True),
    ]


def test_rows_of_nobody_are_kept_as_unassigned(short_form: str) -> None:
    for instance in (None, "", "odin", "x" * 32):
        add(short_form, instance_id=instance, command_type="commit", action="x")
    assert agree(carried_over(short_form))
    claims = ask(
        short_form, "SELECT metadata -> '_instance_id' FROM event_store WHERE instance_id = 'unassigned-PS-000000'"
    )
    assert sorted(str(claim) for (claim,) in claims) == ["", "None", "odin", "x" * 32]


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"command_type": "spawn"}, "spawn"),
        ({"action": "Git-Commit"}, "commit"),
        ({"action": "task_spawned"}, "task_spawned"),
        ({"action": "deploy_service"}, "deploy"),
        ({"tags": '["critical", "deployment"]'}, "deploy"),
        ({"tags": '{"event_type": "epic_start"}'}, "epic_start"),
        ({"action": "anything at all"}, "command"),
        ({"action": "anything at all", "success": False}, "error"),
        ({"command_type": "commit", "success": False}, "error"),
        ({"command_type": "deployment_completed", "success": False}, "deploy_failed"),
        ({"command_type": "epic_completed", "success": False}, "epic_failed"),
        ({"command_type": "task_completed", "success": False}, "task_failed"),
        ({"command_type": "test_passed", "success": False}, "test_failed"),
        ({"command_type": "deployment_failed", "success": False}, "deployment_failed"),
    ],
)
def test_the_type_is_read_from_what_the_row_says(short_form: str, columns: dict[str, Any], kind: str) -> None:
    assert type_of(short_form, **columns) == kind


def test_a_tool_call_without_a_type_is_a_tool_call(old_store: str) -> None:
    carried_over(old_store)
    assert ask(old_store, EVENTS, "supervisor-service-MS-3f81ad")[0][0] == "tool_use"


def test_what_was_carried_over_is_what_resume_tells(old_store: str) -> None:
    carried_over(old_store)
    with connected(old_store) as connection:
        answer: Any = resume_in_sql(connection, INSTANCE)
    assert answer["last_commit"]["hash"] == "d4e5f6a"
    assert answer["subagents_in_flight"][0]["description"] == "Implement epic-003"
    assert [(deploy["service"], deploy["state"]) for deploy in answer["deploys"]] == [("api", "failed")]
    assert answer["not_understood"] == []


# A session as the old clients wrote it, row by row, and as it is logged properly.
OLD_AND_NEW: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"command_type": "user_message", "action": "build the login"}, "user_message", {"content": "build the login"}),
    (
        {"tags": '["epic","start"]', "action": "epic-003 auth"},
        "epic_start",
        {"epic_id": "epic-003", "feature": "epic-003 auth"},
    ),
    (
        {"tags": '["epic","start"]', "action": "epic-004 api"},
        "epic_start",
        {"epic_id": "epic-004", "feature": "epic-004 api"},
    ),
    ({"command_type": "task_start", "action": "write the form"}, "spawn", {"description": "write the form"}),
    ({"command_type": "task_start", "action": "write the tests"}, "spawn", {"description": "write the tests"}),
    (
        {"command_type": "task_complete", "action": "write the form"},
        "task_completed",
        {"description": "write the form"},
    ),
    (
        {"command_type": "git_commit", "action": "feat: auth", "parameters": '{"hash": "a1b2c3d"}'},
        "commit",
        {"message": "feat: auth", "hash": "a1b2c3d"},
    ),
    (
        {"tags": '["github","pr"]', "action": "feat: auth #12"},
        "pr_created",
        {"pr_number": 12, "title": "feat: auth #12"},
    ),
    (
        {"tags": '["deploy","start"]', "action": "x", "parameters": '{"service": "api"}'},
        "deploy_start",
        {"service": "api"},
    ),
    ({"command_type": "error", "action": "2 tests fail"}, "error", {"message": "2 tests fail"}),
    ({"tags": '["epic","complete"]', "action": "epic-003 auth"}, "epic_completed", {"epic_id": "epic-003"}),
]


def test_a_session_carried_over_resumes_as_if_it_had_been_logged(short_form: str) -> None:
    ask(short_form, "ALTER TABLE command_log ADD created_at timestamptz")
    migrated(short_form)
    proper = "consilio-PS-zzzzz9"
    for second, (old, kind, new) in enumerate(OLD_AND_NEW):
        moment = f"2026-02-03T12:00:{second:02}Z"
        add(short_form, **{"instance_id": INSTANCE, "command_type": "explicit", "created_at": moment} | old)
        ask(short_form, "SELECT append_event(%s, %s, %s, occurred_at => %s)", proper, kind, json.dumps(new), moment)
    carried_over(short_form)
    told: list[Any] = []
    with connected(short_form) as connection:
        for instance in (INSTANCE, proper):
            text = json.dumps(resume_in_sql(connection, instance)).replace(instance, "ID")
            told.append(json.loads(re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)))
    assert told[0] == told[1]
    assert [epic["epic_id"] for epic in told[0]["open_epics"]] == ["epic-004"]
    assert [spawn["description"] for spawn in told[0]["subagents_in_flight"]] == ["write the tests"]


def test_times_without_a_zone_need_one(old_store: str) -> None:
    with connected(old_store) as connection, pytest.raises(UsageError, match="has no time zone; say which"):
        check_shape(read_shape(connection, "command_log"), "command_log", None)


def test_a_zone_that_does_not_exist_is_said(event_store: str) -> None:
    with connected(event_store) as connection, pytest.raises(UsageError, match="no time zone 'Europe/Odin'"):
        check_zone(connection, "Europe/Odin")


def test_another_table_is_not_taken_for_the_old_one(event_store: str) -> None:
    with (
        connected(event_store) as connection,
        pytest.raises(RolloutError, match="has no column id, command_type, action"),
    ):
        check_shape(read_shape(connection, "supervisor_sessions"), "supervisor_sessions", None)


def test_counts_that_do_not_agree_are_told(short_form: str) -> None:
    ask(
        short_form,
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
        "CREATE TRIGGER lose BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION lose()",
    )
    add(short_form, instance_id=INSTANCE, command_type="commit", action="x")
    assert carried_over(short_form) == (Count(INSTANCE, 1, 0),)
