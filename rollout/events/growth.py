"""Measure the size of the store, how fast it grows, and estimate a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.events.queries import query

if TYPE_CHECKING:
    from rollout.events.database import Connection

YEAR = 365


@dataclass(frozen=True, slots=True)
class TypeCount:
    """How often a type was logged, and whether it is in the list of types."""

    name: str
    count: int
    known: bool


@dataclass(frozen=True, slots=True)
class Active:
    """A session, its newest position and the time of it."""

    instance: str
    events: int
    last: str


@dataclass(frozen=True, slots=True)
class Growth:
    """The numbers of one moment."""

    rows: int
    table_bytes: int
    index_bytes: int
    sessions: int
    rejects: int
    window: int
    days: Mapping[str, int]
    kinds: tuple[TypeCount, ...]
    active: tuple[Active, ...]

    @property
    def bytes(self) -> int:
        return self.table_bytes + self.index_bytes

    @property
    def bytes_per_row(self) -> float:
        return self.bytes / self.rows if self.rows else 0.0

    @property
    def rows_per_day(self) -> float:
        """The mean over the days since the first event of the window, so a young store is not underrated."""
        return sum(self.days.values()) / len(self.days) if self.days else 0.0

    @property
    def bytes_in_a_year(self) -> int:
        return round(self.bytes + self.rows_per_day * self.bytes_per_row * YEAR)


def read_growth(connection: Connection, window: int) -> Growth:
    """Read the numbers; those per day for the last `window` days."""
    numbers = connection.execute(query("growth_size")).fetchone()
    assert numbers is not None, "a SELECT without FROM returns a row"
    rows, table, index, sessions, rejects = (int(str(number)) for number in numbers)
    days = connection.execute(query("growth_days"), (window,)).fetchall()
    kinds = connection.execute(query("growth_types")).fetchall()
    active = connection.execute(query("growth_instances")).fetchall()
    return Growth(
        rows=rows,
        table_bytes=table,
        index_bytes=index,
        sessions=sessions,
        rejects=rejects,
        window=window,
        days={str(day): int(str(count)) for day, count in days},
        kinds=tuple(TypeCount(str(name), int(str(count)), bool(known)) for name, count, known in kinds),
        active=tuple(Active(str(name), int(str(count)), str(last)) for name, count, last in active),
    )
