"""Count the events of each type on each of the last days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.events.queries import query

if TYPE_CHECKING:
    from rollout.events.database import Connection


@dataclass(frozen=True, slots=True)
class Trends:
    """The last days, oldest first, the events of each type on each of them, and the store's rows and bytes."""

    days: tuple[str, ...]
    types: dict[str, tuple[int, ...]]
    rows: int
    bytes: int


def read_trends(connection: Connection, window: int) -> Trends:
    """Read the numbers of the last `window` days."""
    days = [str(day) for (day,) in connection.execute(query("trends_days"), (window,)).fetchall()]
    places = {day: place for place, day in enumerate(days)}
    types: dict[str, list[int]] = {}
    for day, name, count in connection.execute(query("trends_types"), (days[0],)).fetchall():
        if str(day) in places:  # a clock that runs ahead stores events of tomorrow
            types.setdefault(str(name), [0] * len(days))[places[str(day)]] = int(str(count))
    size = connection.execute(query("growth_size")).fetchone()
    assert size is not None, "a SELECT without FROM returns a row"
    rows, table, index = (int(str(number)) for number in size[:3])
    return Trends(tuple(days), {name: tuple(numbers) for name, numbers in types.items()}, rows, table + index)
