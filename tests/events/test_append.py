"""Appending: 1, 2, 3, ... per instance whoever writes and however, each event once, and nothing ever changes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from rollout.events.database import connected
from rollout.events.event import NewEvent
from rollout.events.store import append
from tests.events.databases import INSTANCE, ask, opened, positions

WRITERS = 32
PLAIN = "INSERT INTO event_store (event_id, instance_id, event_type, sequence_num) VALUES (%s, %s, 'spawn', %s)"


def test_32_connections_leave_no_gap_and_no_double(any_event_store: str) -> None:
    each = 25

    def write(writer: int) -> None:
        with opened(any_event_store) as connection:
            for number in range(each):
                connection.execute(PLAIN, (uuid4(), INSTANCE, 1000 * writer - number))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert positions(any_event_store) == list(range(1, WRITERS * each + 1))


def test_writers_that_roll_back_leave_no_gap(event_store: str) -> None:
    def write(writer: int) -> None:
        with psycopg.connect(event_store) as connection:
            for number in range(10):
                connection.execute("SELECT append_event(%s, 'spawn')", (INSTANCE,))
                if (writer + number) % 3:
                    connection.rollback()
                else:
                    connection.commit()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    kept = sum(1 for writer in range(8) for number in range(10) if not (writer + number) % 3)
    assert positions(event_store) == list(range(1, kept + 1))


def test_one_statement_with_many_rows_is_gapless(any_event_store: str) -> None:
    ask(
        any_event_store,
        "INSERT INTO event_store (instance_id, event_type, sequence_num)"
        " SELECT (ARRAY['odin-PS-aaaaaa', %s])[1 + g %% 2], 'spawn', 7 FROM generate_series(1, 100) g",
        INSTANCE,
    )
    assert positions(any_event_store) == positions(any_event_store, "odin-PS-aaaaaa") == list(range(1, 51))


def test_many_rows_into_an_empty_store_stay_fast(event_store: str) -> None:
    # A plan made for an empty table must not read the whole table for every row.
    ask(
        event_store,
        "SET statement_timeout = '20s'; INSERT INTO event_store (instance_id, event_type)"
        f" SELECT '{INSTANCE}', 'spawn' FROM generate_series(1, 20000)",
    )
    assert ask(event_store, "SELECT count(*), max(sequence_num) FROM event_store") == [(20000, 20000)]


@pytest.mark.parametrize("conflict", ["", " ON CONFLICT DO NOTHING", " ON CONFLICT (event_id) DO NOTHING"])
def test_the_same_event_again_is_one_event_and_no_gap(event_store: str, conflict: str) -> None:
    ids = [uuid4() for _ in range(5)]
    for _ in range(3):
        for event_id in ids:
            ask(event_store, PLAIN + conflict, event_id, INSTANCE, 1)
    ask(event_store, PLAIN, uuid4(), INSTANCE, 1)
    assert positions(event_store) == [1, 2, 3, 4, 5, 6]


def test_the_same_event_from_many_writers_is_one_event(event_store: str) -> None:
    event_id = uuid4()

    def write(_: int) -> list[tuple[Any, ...]]:
        return ask(event_store, "SELECT append_event(%s, 'spawn', '{}', '{}', NULL, %s)", INSTANCE, event_id)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == [[(1,)]] * 8
    assert positions(event_store) == [1]


def test_an_event_of_another_instance_is_an_error(event_store: str) -> None:
    event_id = uuid4()
    ask(event_store, PLAIN, event_id, INSTANCE, 1)
    with pytest.raises(psycopg.DatabaseError, match=f"{event_id} belongs to {INSTANCE}, not to odin-PS-aaaaaa"):
        ask(event_store, PLAIN, event_id, "odin-PS-aaaaaa", 1)


def test_a_chain_of_events_knows_its_root_and_its_depth(any_event_store: str) -> None:
    chain = [uuid4() for _ in range(3)]
    parents = [None, *chain]
    for event_id, parent in zip(chain, parents, strict=False):
        ask(any_event_store, "SELECT append_event(%s, 'spawn', '{}', '{}', %s, %s)", INSTANCE, parent, event_id)
    lineage = ask(any_event_store, "SELECT parent_uuid, root_uuid, depth FROM event_store ORDER BY sequence_num")
    assert lineage == [(None, chain[0], 0), (chain[0], chain[0], 1), (chain[1], chain[0], 2)]


def test_a_chain_may_cross_instances(event_store: str) -> None:
    root, child = uuid4(), uuid4()
    ask(event_store, "SELECT append_event('odin-MS-aaaaaa', 'spawn', '{}', '{}', NULL, %s)", root)
    ask(event_store, "SELECT append_event(%s, 'spawn', '{}', '{}', %s, %s)", INSTANCE, root, child)
    assert ask(event_store, "SELECT root_uuid FROM event_store WHERE event_id = %s", child) == [(root,)]


def test_an_unknown_parent_keeps_the_event_and_the_claim(any_event_store: str) -> None:
    claimed = uuid4()
    ask(any_event_store, "SELECT append_event(%s, 'spawn', '{}', '{\"a\": 1}', %s)", INSTANCE, claimed)
    kept = ask(any_event_store, "SELECT parent_uuid, depth, metadata FROM event_store")
    assert kept == [(None, 0, {"a": 1, "_unknown_parent": str(claimed)})]


def test_an_event_cannot_be_its_own_parent(event_store: str) -> None:
    event_id = uuid4()
    ask(event_store, "SELECT append_event(%s, 'spawn', '{}', '{}', %s, %s)", INSTANCE, event_id, event_id)
    assert ask(event_store, "SELECT parent_uuid, root_uuid FROM event_store") == [(None, event_id)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE event_store SET event_type = 'commit'",
        "DELETE FROM event_store",
        "DELETE FROM event_store WHERE false",
        "TRUNCATE event_store",
        "INSERT INTO event_store (event_id, instance_id, event_type) SELECT event_id, instance_id, 'x' FROM event_store"
        " ON CONFLICT (event_id) DO UPDATE SET event_type = 'y'",
    ],
)
def test_what_is_stored_can_neither_be_changed_nor_deleted(event_store: str, change: str) -> None:
    ask(event_store, "SELECT append_event(%s, 'spawn')", INSTANCE)
    with pytest.raises(psycopg.DatabaseError, match="append only"):
        ask(event_store, change)
    assert ask(event_store, "SELECT event_type FROM event_store") == [("spawn",)]


def test_the_first_event_registers_the_session(any_event_store: str) -> None:
    ask(
        any_event_store,
        "SELECT append_event('supervisor-service-MS-3f81ad', 'spawn', '{}', '{\"machine\": \"odin4\"}', NULL, NULL,"
        " '2026-02-03T15:20:00Z')",
    )
    sessions = ask(
        any_event_store,
        "SELECT instance_id, project, instance_type, status, host_machine, last_heartbeat = '2026-02-03T15:20:00Z'"
        " FROM supervisor_sessions",
    )
    assert sessions == [("supervisor-service-MS-3f81ad", "supervisor-service", "MS", "active", "odin4", True)]


@pytest.mark.parametrize(
    "instance", ["", "odin", "Odin-PS-abc123", "odin-XX-abc123", "odin-PS-abc12", "a" * 50 + "-PS-abc123"]
)
def test_an_instance_id_that_does_not_fit_is_said(event_store: str, instance: str) -> None:
    with pytest.raises(psycopg.DatabaseError, match="does not fit"):
        ask(event_store, "SELECT append_event(%s, 'spawn')", instance)


def test_every_type_is_kept(event_store: str) -> None:
    for kind in ("never_heard_of", "", "x" * 10_000):
        ask(event_store, "SELECT append_event(%s, %s)", INSTANCE, kind)
    assert ask(event_store, "SELECT event_type, metadata FROM event_store ORDER BY sequence_num") == [
        ("never_heard_of", {}),
        ("unknown", {"_event_type": ""}),
        ("x" * 64, {"_event_type": "x" * 10_000}),
    ]


@pytest.mark.parametrize(
    ("payload", "kept"),
    [("[1, 2]", {"_value": [1, 2]}), ('"text"', {"_value": "text"}), ("null", {"_value": None}), (None, {})],
)
def test_event_data_is_always_an_object(event_store: str, payload: str | None, kept: object) -> None:
    ask(
        event_store,
        "INSERT INTO event_store (instance_id, event_type, event_data, metadata) VALUES (%s, 'spawn', %s, %s)",
        INSTANCE,
        payload,
        payload,
    )
    assert ask(event_store, "SELECT event_data, metadata FROM event_store") == [(kept, kept)]


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "20000-01-01", "0044-03-15 BC"])
def test_a_time_that_no_calendar_holds_is_kept_as_a_claim(event_store: str, moment: str) -> None:
    ask(event_store, "SELECT append_event(%s, 'spawn', '{}', '{}', NULL, NULL, %s)", INSTANCE, moment)
    kept = ask(
        event_store,
        "SELECT \"timestamp\" BETWEEN now() - interval '1 hour' AND now(), metadata ? '_occurred_at' FROM event_store",
    )
    assert kept == [(True, True)]


def test_a_clock_in_the_future_changes_neither_order_nor_storing_time(event_store: str) -> None:
    ask(event_store, "SELECT append_event(%s, 'spawn', '{}', '{}', NULL, NULL, now() + interval '3 years')", INSTANCE)
    ask(event_store, "SELECT append_event(%s, 'commit')", INSTANCE)
    rows = ask(event_store, "SELECT event_type, created_at <= now() FROM event_store ORDER BY sequence_num")
    assert rows == [("spawn", True), ("commit", True)]


def test_other_instances_are_not_held_up(event_store: str) -> None:
    with psycopg.connect(event_store) as slow:
        slow.execute("SELECT append_event(%s, 'spawn')", (INSTANCE,))
        ask(event_store, "SET lock_timeout = '1s'; SELECT append_event('odin-PS-aaaaaa', 'spawn')")
    assert positions(event_store, "odin-PS-aaaaaa") == [1]


def test_a_session_purged_while_it_logs_begins_again_at_1(event_store: str) -> None:
    ask(event_store, "SELECT append_event(%s, 'spawn') FROM generate_series(1, 3)", INSTANCE)
    with ThreadPoolExecutor(2) as pool:
        purges = [pool.submit(ask, event_store, "SELECT purge_instance(%s, 'infinity')", INSTANCE) for _ in range(4)]
        writes = [pool.submit(ask, event_store, "SELECT append_event(%s, 'commit')", INSTANCE) for _ in range(20)]
        purged = sum(done.result()[0][0] for done in purges)
        for done in writes:
            done.result()
    left = positions(event_store)
    assert (left, purged + len(left)) == (list(range(1, len(left) + 1)), 23)
    assert ask(event_store, "SELECT count(*) FROM supervisor_sessions") == [(1 if left else 0,)]


@pytest.mark.parametrize("payload", ["{", "\0", '{"a": "\udc80"}', '{"a": "\\u0000"}', "[1]", ""])
def test_python_stores_any_payload(event_store: str, payload: str) -> None:
    with connected(event_store) as connection:
        assert append(connection, NewEvent(INSTANCE, "spawn", payload, event_id=UUID(int=7))) == 1
    assert ask(event_store, "SELECT jsonb_typeof(event_data) FROM event_store") == [("object",)]
