"""Copy `command_log`, the table that agents wrote into by mistake, into the event store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.errors import RolloutError, UsageError
from rollout.events.queries import query

if TYPE_CHECKING:
    from rollout.events.database import Connection

NEEDED = ("id", "instance_id", "command_type", "action")
WITHOUT_ZONE = "timestamp without time zone"
# Old clients may still be writing: rows that came while we counted are carried over in another pass.
PASSES = 3


@dataclass(frozen=True, slots=True)
class Count:
    """For one instance: the rows of the old table, and those of them that are events."""

    instance: str | None
    rows: int
    events: int


def read_shape(connection: Connection, table: str) -> dict[str, str]:
    """Return the columns of the old table and their types; none when it does not exist."""
    return {str(name): str(kind) for name, kind in connection.execute(query("command_log_shape"), (table,))}


def check_shape(shape: dict[str, str], table: str, zone: str | None) -> None:
    """Refuse a table that is not a command_log, and times without a known time zone."""
    if missing := [name for name in NEEDED if name not in shape]:
        raise RolloutError(f"{table} has no column {', '.join(missing)}, so it is not a command_log")
    if shape.get("created_at") == WITHOUT_ZONE and zone is None:
        raise UsageError(
            f"{table}.created_at has no time zone; say which one it was written in: --timezone UTC "
            "or --timezone Europe/Stockholm"
        )


def check_zone(connection: Connection, zone: str) -> None:
    """Refuse a time zone that the database does not know."""
    row = connection.execute(query("timezone_exists"), (zone,)).fetchone()
    if not (row and row[0]):
        raise UsageError(f"there is no time zone {zone!r}; write it like UTC or Europe/Stockholm")


def backfill(connection: Connection, table: str, zone: str) -> tuple[Count, ...]:
    """Append every row that is not an event yet, and return the counts that prove it."""
    counts = read_counts(connection, table)
    for _ in range(PASSES):
        for count in counts:
            if count.rows != count.events:
                connection.execute(query("backfill_instance"), (table, count.instance, zone))
        counts = read_counts(connection, table)
        if agree(counts):
            break
    return counts


def read_counts(connection: Connection, table: str) -> tuple[Count, ...]:
    """Count rows and events per instance, both at the same moment."""
    found = connection.execute(query("backfill_counts"), (table,)).fetchall()
    return tuple(
        Count(None if instance is None else str(instance), int(str(rows)), int(str(events)))
        for instance, rows, events in found
    )


def agree(counts: Sequence[Count]) -> bool:
    """Tell whether every row is an event."""
    return all(count.rows == count.events for count in counts)
