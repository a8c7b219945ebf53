"""The intake: text in, and every row is afterwards an event or a reject, whatever it holds."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.events.databases import INSTANCE, ask, opened, positions
from tests.searches import at_most

COLUMNS = "event_id, instance_id, event_type, occurred_at, event_data, metadata, parent_uuid, host"


@dataclass(frozen=True)
class Row:
    """One line of a spool."""

    event_id: str | None = None
    instance_id: str | None = INSTANCE
    event_type: str | None = "spawn"
    occurred_at: str | None = "2026-02-03T15:20:00Z"
    event_data: str | None = "{}"
    metadata: str | None = None
    parent_uuid: str | None = None
    host: str | None = None


def row() -> Row:
    return Row(event_id=str(uuid4()))


def deliver(url: str, rows: Iterable[Row]) -> None:
    with (
        opened(url) as connection,
        connection.cursor() as cursor,
        cursor.copy("COPY event_intake FROM STDIN") as copy,
    ):
        for line in rows:
            copy.write_row(astuple(line))


def kept(url: str) -> list[object]:
    return [data for (data,) in ask(url, "SELECT event_data FROM event_store ORDER BY sequence_num")]


def test_a_delivery_keeps_the_order_of_its_lines(any_event_store: str) -> None:
    rows = [replace(row(), event_data=f'{{"n": {n}}}') for n in range(50)]
    deliver(any_event_store, rows)
    assert kept(any_event_store) == [{"n": n} for n in range(50)]


def test_an_insert_delivers_like_a_copy(any_event_store: str) -> None:
    ask(
        any_event_store,
        f"INSERT INTO event_intake ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        *astuple(row()),
    )
    assert positions(any_event_store) == [1]


def test_a_second_delivery_is_no_second_event(any_event_store: str) -> None:
    rows = [row() for _ in range(20)]
    deliver(any_event_store, rows[:12])
    deliver(any_event_store, rows)
    assert positions(any_event_store) == list(range(1, 21))


def test_two_deliverers_at_once_store_each_event_once(event_store: str) -> None:
    rows = [row() for _ in range(200)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: deliver(event_store, rows), range(4)))
    assert positions(event_store) == list(range(1, 201))


PAYLOADS = {
    '{"a": 1}': {"a": 1},
    "": {},
    "  \n ": {},
    "{": {"_invalid_json": "{"},
    "{'a': 1}": {"_invalid_json": "{'a': 1}"},
    "[1, 2]": {"_value": [1, 2]},
    "null": {"_value": None},
    '"it\'s $(not run) \\\\ \\"quoted\\""': {"_value": 'it\'s $(not run) \\ "quoted"'},
    '{"a": "\\u0000\\u0000"}': {"a": "\\u0000\\u0000"},
    '{"a": "\\\\u0000 \\\\\\u0000"}': {"a": "\\u0000 \\\\u0000"},
    '{"a": "\\ud800"}': {"_invalid_json": '{"a": "\\ud800"}'},
    '{"a": 1e999999}': {"_invalid_json": '{"a": 1e999999}'},
    '{"a": "tab\\tand\\nline"}': {"a": "tab\tand\nline"},
    "{\t}": {},
    "\x01\x1f\x7f": {"_invalid_json": "\x01\x1f\x7f"},
    '{"ä": "☃ 🎉"}': {"ä": "☃ 🎉"},
    "\\.": {"_invalid_json": "\\."},
    "\\N": {"_invalid_json": "\\N"},
}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_kept_whatever_it_is(event_store: str, payload: str) -> None:
    deliver(event_store, [replace(row(), event_data=payload)])
    assert kept(event_store) == [PAYLOADS[payload]]


def test_a_payload_nested_too_deep_is_kept_as_text(event_store: str) -> None:
    deep = "[" * 200_000 + "]" * 200_000
    deliver(event_store, [replace(row(), event_data=deep)])
    assert kept(event_store) == [{"_invalid_json": deep}]


def test_a_payload_of_a_megabyte_is_kept(any_event_store: str) -> None:
    deliver(any_event_store, [replace(row(), event_data='{"a": "' + "ä" * 500_000 + '"}')])
    assert kept(any_event_store) == [{"a": "ä" * 500_000}]


def test_an_event_without_an_instance_is_kept_as_unassigned(any_event_store: str) -> None:
    deliver(any_event_store, [replace(row(), instance_id=None), replace(row(), instance_id="")])
    assert positions(any_event_store, "unassigned-PS-000000") == [1, 2]


def test_what_cannot_be_read_is_kept_as_a_claim(any_event_store: str) -> None:
    odd = replace(row(), occurred_at="yesterday", parent_uuid="nobody", host="odin3", metadata="[1]")
    deliver(any_event_store, [odd])
    assert ask(any_event_store, "SELECT metadata FROM event_store") == [
        ({"_value": [1], "host": "odin3", "_occurred_at": "yesterday", "_unknown_parent": "nobody"},)
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-02-03T15:20:00Z", "2026-02-03 15:20:00"),
        ("2026-02-03T16:20:00.5+01:00", "2026-02-03 15:20:00.5"),
        ("2026-02-03 15:20:00", "2026-02-03 15:20:00"),
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise(event_store: str, written: str, meant: str) -> None:
    deliver(event_store, [replace(row(), occurred_at=written)])
    stored = ask(event_store, "SELECT (\"timestamp\" AT TIME ZONE 'UTC')::text FROM event_store")
    assert stored == [(meant,)]


def test_what_is_refused_for_good_is_kept_byte_for_byte_and_holds_nothing_up(any_event_store: str) -> None:
    taken = row()
    refused = [
        replace(taken, instance_id="odin-PS-aaaaaa", event_data="{ \\ \t\n\x01ä"),
        replace(row(), instance_id="no such shape", metadata="\\N"),
        replace(row(), instance_id="x" * 5000),
        replace(row(), event_id="not a uuid", occurred_at=""),
    ]
    deliver(any_event_store, [taken, *refused, row()])
    deliver(any_event_store, refused)
    rejects = ask(any_event_store, f"SELECT {COLUMNS} FROM event_rejects ORDER BY reject_id")
    assert (rejects, positions(any_event_store)) == ([astuple(line) for line in refused], [1, 2])


def test_a_reject_says_why_and_when(event_store: str) -> None:
    deliver(event_store, [replace(row(), instance_id="nobody")])
    rejects = ask(event_store, "SELECT reason, sqlstate, rejected_at <= now() FROM event_rejects")
    assert rejects == [('instance id "nobody" does not fit', "RO002", True)]


def test_what_the_first_users_own_constraint_refuses_is_a_reject(event_store: str) -> None:
    ask(event_store, "ALTER TABLE event_store ADD CHECK (event_data <> '{\"a\": 1}')")
    deliver(event_store, [replace(row(), event_data='{"a": 1}'), row()])
    assert (positions(event_store), ask(event_store, "SELECT sqlstate FROM event_rejects")) == ([1], [("23514",)])


def test_a_lock_that_was_not_had_brings_the_batch_back_whole(event_store: str) -> None:
    with psycopg.connect(event_store) as slow:
        slow.execute("SELECT append_event(%s, 'spawn')", (INSTANCE,))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            deliver(event_store + "&options=-clock_timeout%3D50", [row()])
        slow.rollback()
    assert (positions(event_store), ask(event_store, "SELECT count(*) FROM event_rejects")) == ([], [(0,)])


def test_a_missing_right_brings_the_batch_back_whole(event_store: str) -> None:
    ask(
        event_store,
        "CREATE OR REPLACE FUNCTION register_instance(instance text, host text, seen timestamptz"
        " DEFAULT now()) RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE insufficient_privilege; END $$",
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        deliver(event_store, [row()])
    assert ask(event_store, "SELECT count(*) FROM event_rejects") == [(0,)]


def test_a_delivery_inside_repeatable_read_rejects_nothing_for_a_conflict(event_store: str) -> None:
    url = event_store + "&options=-cdefault_transaction_isolation%3Drepeatable%5C%20read"
    deliver(event_store, [row()])
    with psycopg.connect(url) as late:
        late.execute("SELECT 1 FROM event_store")
        deliver(event_store, [row()])
        with pytest.raises(psycopg.errors.UniqueViolation):
            late.execute("INSERT INTO event_intake (instance_id, event_type) VALUES (%s, 'spawn')", (INSTANCE,))
    assert ask(event_store, "SELECT count(*) FROM event_rejects") == [(0,)]


TEXT = st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
ANY_ROW = st.builds(
    Row,
    event_id=st.uuids().map(str) | TEXT,
    instance_id=st.just(INSTANCE) | TEXT,
    event_type=TEXT,
    occurred_at=TEXT | st.datetimes().map(str),
    event_data=TEXT | st.just('{"a": 1}'),
    metadata=TEXT,
    parent_uuid=TEXT | st.uuids().map(str),
    host=TEXT,
)


@settings(at_most(500), suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(rows=st.lists(ANY_ROW, max_size=6))
def test_no_row_fails_its_batch_and_each_is_an_event_or_a_reject(event_store: str, rows: list[Row]) -> None:
    deliver(event_store, rows)
    events = {str(event_id) for (event_id,) in ask(event_store, "SELECT event_id FROM event_store")}
    rejects = set(ask(event_store, f"SELECT {COLUMNS} FROM event_rejects"))
    named = [line for line in rows if line.event_id]
    assert [line for line in named if line.event_id not in events and astuple(line) not in rejects] == []
