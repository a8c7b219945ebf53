"""The registry of sessions is kept by the events themselves, and says nothing that nobody said."""

from __future__ import annotations

import json

import pytest

from rollout.events.database import connected
from rollout.events.event_types import shipped_types, store_types
from rollout.events.migrations import migrate
from tests.events.databases import INSTANCE, ask, with_old_store

COLUMNS = "status, closed_at IS NOT NULL, current_epic, host_machine, path, agent_session_id, transcript_path"


def log(url: str, kind: str, at: str = "2026-02-03T15:00:00Z", metadata: str = "{}", **data: object) -> None:
    ask(url, "SELECT append_event(%s, %s, %s, %s, occurred_at => %s)", INSTANCE, kind, json.dumps(data), metadata, at)


def row(url: str, columns: str = COLUMNS) -> tuple[object, ...]:
    return tuple(ask(url, f"SELECT {columns} FROM supervisor_sessions WHERE instance_id = %s", INSTANCE)[0])


@pytest.fixture
def store(event_store: str) -> str:
    with connected(event_store) as connection:
        store_types(connection, shipped_types())
    return event_store


def test_a_session_from_its_start_to_its_end(store: str) -> None:
    log(store, "commit")
    assert row(store) == ("active", False, None, None, None, None, None)
    start = {"cwd": "/r/consilio-s", "session_id": "9c2f", "transcript_path": "/t.jsonl"}
    log(store, "session_start", metadata='{"host": "odin4"}', **start)
    log(store, "epic_started", epic_id="epic-003")
    alive = ("active", False, "epic-003", "odin4", "/r/consilio-s", "9c2f", "/t.jsonl")
    assert row(store) == alive
    log(store, "epic_completed", epic_id="epic-001")
    log(store, "epic_completed", at="2026-02-03T15:09:00Z", epic_id="epic-003")
    log(store, "session_end", at="2026-02-03T15:10:00Z")
    # What happened before the end and is delivered after it opens nothing.
    log(store, "commit", at="2026-02-03T15:09:59Z")
    assert row(store) == ("closed", True, None, *alive[3:])
    log(store, "user_message", at="2026-02-03T15:11:00Z")
    assert row(store)[:2] == ("active", False)


def test_every_event_is_a_sign_of_life(store: str) -> None:
    for moment in ("15:00:00", "15:00:02", "14:00:00"):
        log(store, "tool_use", at=f"2026-02-03T{moment}Z")
    assert row(store, "event_iso(last_heartbeat)") == ("2026-02-03T15:00:02.000000Z",)


def test_a_stale_session_that_speaks_is_alive(store: str) -> None:
    log(store, "instance_stale")
    assert row(store, "status") == ("stale",)
    log(store, "user_message", at="2026-02-03T15:00:01Z")
    assert row(store, "status") == ("active",)


@pytest.mark.parametrize(("said", "kept"), [(42, 42), (None, None), ("many", None), (400, None), (-1, None)])
def test_the_context_is_what_somebody_said_and_unknown_otherwise(store: str, said: object, kept: object) -> None:
    log(store, "instance_heartbeat", context_percent=said, current_epic="epic-003")
    assert row(store, "context_percent, current_epic") == (kept, "epic-003")


def test_defaults_of_the_older_registry_are_no_facts(any_empty_database: str) -> None:
    url = with_old_store(any_empty_database)
    ask(url, "UPDATE supervisor_sessions SET context_percent = 0")
    with connected(url) as connection:
        migrate(connection)
    assert ask(url, "SELECT DISTINCT context_percent FROM supervisor_sessions") == [(None,)]
    log(url, "session_start", cwd="/r")
    assert row(url, "status, path") == ("active", "/r")
