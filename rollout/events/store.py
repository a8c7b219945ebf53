"""Append events, read a session, and ask the database for its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollout.errors import RolloutError
from rollout.events.event import Event, NewEvent, RegisteredSession
from rollout.events.queries import query
from rollout.events.readable import parse

if TYPE_CHECKING:
    import psycopg

    from rollout.events.database import Connection


class SwallowedEvent(RolloutError):
    """Something in the database swallowed an event."""


def append(connection: Connection, event: NewEvent) -> int:
    """Append one event, whatever its payload is, and return its position."""
    parameters = {
        "instance": storable(event.instance),
        "event_type": storable(event.event_type),
        "data": storable(event.data),
        "metadata": storable(event.metadata),
        "parent": storable(event.parent),
        "event_id": event.event_id,
    }
    row = connection.execute(query("append"), parameters).fetchone()
    if row is None or row[0] is None:
        kind = event.event_type[:64]
        raise SwallowedEvent(
            f"the database accepted the event {kind!r} but did not keep it; does it have a trigger of its own?"
        )
    return int(str(row[0]))


def storable(text: str) -> str:
    """Return `text` as PostgreSQL can hold it: without NUL, and with bytes that are not UTF-8 escaped."""
    clean = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return clean.replace("\0", "\\u0000")


def read_events(connection: Connection, instance: str) -> tuple[Event, ...]:
    """Return the events of one instance in the order of their positions."""
    rows = _reading_json(connection).execute(query("session_events"), (instance,))
    return tuple(Event(*row) for row in rows)


def newest_events(connection: Connection, instance: str, count: int) -> tuple[Event, ...]:
    """Return the newest `count` events of one instance, the newest last."""
    rows = _reading_json(connection).execute(query("session_newest"), (instance, count))
    return tuple(Event(*row) for row in rows)


def events_after(connection: Connection, instance: str, position: int) -> tuple[Event, ...]:
    """Return the events of one instance after a position."""
    rows = _reading_json(connection).execute(query("session_after"), (instance, position))
    return tuple(Event(*row) for row in rows)


def read_session(connection: Connection, instance: str) -> RegisteredSession | None:
    """Return the registry's row of an instance, when it has one."""
    row = _reading_json(connection).execute(query("session"), (instance,)).fetchone()
    return RegisteredSession(*row) if row else None


def resume_in_sql(connection: Connection, instance: str) -> dict[str, object]:
    """Let the database fold the session; the answer equals that of the fold in Python."""
    row = _reading_json(connection).execute(query("resume"), (instance,)).fetchone()
    assert row is not None, "a function call returns a row"
    answer: dict[str, object] = row[0]
    return answer


def _reading_json(connection: Connection) -> psycopg.Cursor[tuple[Any, ...]]:
    """Return a cursor whose columns depend on the query; no static type can describe them."""
    from psycopg.types.json import set_json_loads

    set_json_loads(parse, connection)
    return connection.cursor()
