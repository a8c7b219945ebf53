"""Retention and growth: whole sessions leave, and only old ones; the numbers are those of the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout.errors import UsageError
from rollout.events.database import connected
from rollout.events.growth import read_growth
from rollout.events.retention import horizon, purge
from tests.events.databases import ask, positions

NOW = datetime(2026, 2, 3, 15, 20, tzinfo=UTC)


def log(url: str, instance: str, *ages: str) -> None:
    for age in ages:
        ask(url, "SELECT append_event(%s, 'spawn', '{}', '{}', NULL, NULL, now() - %s::interval)", instance, age)


def purged(url: str, days: int, instance: str | None = None) -> dict[str, int]:
    with connected(url) as connection:
        return dict(purge(connection, datetime.now(UTC) - timedelta(days=days), instance))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90d", NOW - timedelta(days=90)),
        ("12 hours", NOW - timedelta(hours=12)),
        ("2W", NOW - timedelta(days=14)),
        ("1y", NOW - timedelta(days=365)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00:00+01:00", datetime(2026, 1, 31, 11, tzinfo=UTC)),
    ],
)
def test_a_horizon_is_an_age_or_a_date(text: str, moment: datetime) -> None:
    assert horizon(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "d", "90", "-1d", "90 moons", "999999y", "2026-02-04", "2026-13-01"])
def test_anything_else_is_no_horizon(text: str) -> None:
    with pytest.raises(UsageError, match="--older-than"):
        horizon(text, NOW)


def test_only_sessions_that_are_old_as_a_whole_leave(any_event_store: str) -> None:
    log(any_event_store, "odin-PS-aaaaaa", "40 days", "35 days")
    log(any_event_store, "odin-PS-bbbbbb", "40 days", "5 days")
    log(any_event_store, "odin-PS-cccccc", "5 days")
    assert purged(any_event_store, 30) == {"odin-PS-aaaaaa": 2}
    assert positions(any_event_store, "odin-PS-bbbbbb") == [1, 2]
    sessions = ask(any_event_store, "SELECT instance_id FROM supervisor_sessions ORDER BY 1")
    assert sessions == [("odin-PS-bbbbbb",), ("odin-PS-cccccc",)]


def test_an_old_event_that_came_late_keeps_its_session_whole(event_store: str) -> None:
    log(event_store, "odin-PS-aaaaaa", "5 days", "40 days")
    assert purged(event_store, 30) == {}


def test_a_clock_in_the_future_does_not_keep_a_session_for_ever(event_store: str) -> None:
    log(event_store, "odin-PS-aaaaaa", "-900 days")
    assert purged(event_store, -1) == {"odin-PS-aaaaaa": 1}


def test_one_session_alone_can_leave(event_store: str) -> None:
    for instance in ("odin-PS-aaaaaa", "odin-PS-bbbbbb"):
        log(event_store, instance, "40 days")
    assert purged(event_store, 30, "odin-PS-bbbbbb") == {"odin-PS-bbbbbb": 1}
    assert positions(event_store, "odin-PS-aaaaaa") == [1]


def test_the_right_to_delete_ends_with_the_purge(event_store: str) -> None:
    log(event_store, "odin-PS-aaaaaa", "40 days")
    log(event_store, "odin-PS-bbbbbb", "1 day")
    with pytest.raises(Exception, match="append only"):
        ask(
            event_store,
            "BEGIN; SELECT purge_instance('odin-PS-aaaaaa', now()); DELETE FROM event_store; COMMIT",
        )
    assert positions(event_store, "odin-PS-aaaaaa") == [1]


def test_thousands_of_sessions_leave_without_exhausting_the_servers_locks(event_store: str) -> None:
    ask(
        event_store,
        'INSERT INTO event_store (instance_id, event_type, "timestamp")'
        " SELECT 'odin-PS-' || to_char(n, 'FM000000'), 'spawn', now() - interval '40 days'"
        "   FROM generate_series(1, 300) n",
    )
    assert len(purged(event_store, 30)) == 300


def test_a_purge_without_a_horizon_is_refused_by_the_database_too(event_store: str) -> None:
    with pytest.raises(Exception, match="needs a horizon"):
        ask(event_store, "SELECT purge_instance('odin-PS-aaaaaa', NULL)")


def test_growth_counts_what_is_there(any_event_store: str) -> None:
    log(any_event_store, "odin-PS-aaaaaa", "1 minute", "2 minutes")
    ask(any_event_store, "SELECT append_event('odin-PS-bbbbbb', 'coffee')")
    ask(any_event_store, "INSERT INTO event_intake (instance_id) VALUES ('nobody')")
    with connected(any_event_store) as connection:
        growth = read_growth(connection, 30)
    kinds = [(kind.name, kind.count, kind.known) for kind in growth.kinds]
    assert kinds == [("spawn", 2, True), ("coffee", 1, False)]
    assert (growth.rows, growth.sessions, growth.rejects, sum(growth.days.values())) == (3, 2, 1, 3)
    assert {active.instance: active.events for active in growth.active} == {"odin-PS-aaaaaa": 2, "odin-PS-bbbbbb": 1}
    assert growth.bytes_in_a_year > growth.bytes > 0


def test_growth_of_an_empty_store_is_nothing(event_store: str) -> None:
    with connected(event_store) as connection:
        growth = read_growth(connection, 30)
    assert (growth.rows, growth.rows_per_day, growth.bytes_per_row, growth.kinds) == (0, 0.0, 0.0, ())
