"""Read the two tables that agents wrote into: their columns, and how many rows they got before and after a moment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.events.backfill import read_shape
from rollout.events.queries import folder, query

if TYPE_CHECKING:
    from rollout.events.database import Connection

# Each table with the column that dates its rows.
TABLES = {"command_log": "created_at", "event_store": "timestamp"}


@dataclass(frozen=True, slots=True)
class Traffic:
    """A table, its columns and their types, and its rows of the day before a moment and since it."""

    table: str
    columns: dict[str, str]
    before: int | None = None
    since: int | None = None


def read_traffic(connection: Connection, since: str) -> tuple[Traffic, ...]:
    """Return the tables that exist; one whose rows have no date is not counted."""
    shapes = {table: read_shape(connection, table) for table in TABLES}
    return tuple(_counted(connection, table, shape, since) for table, shape in shapes.items() if shape)


def shipped_columns() -> dict[str, str]:
    """Return the columns of the event store and their types as this version of the program makes them."""
    migration = folder("migrations")[0].read_text()
    table = migration.partition("CREATE TABLE IF NOT EXISTS event_store (")[2].partition("\n);")[0]
    found = re.findall(r'^    "?([a-z_]+)"? +([a-z]+(?:\(\d+\))?)[ ,]', table, re.MULTILINE)
    return {str(name): str(kind) for name, kind in found}


def _counted(connection: Connection, table: str, shape: dict[str, str], since: str) -> Traffic:
    if TABLES[table] not in shape:
        return Traffic(table, shape)
    row = connection.execute(query(f"traffic_{table}"), {"since": since}).fetchone()
    assert row is not None, "an aggregate returns a row"
    return Traffic(table, shape, int(str(row[0])), int(str(row[1])))
