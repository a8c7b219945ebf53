"""The events of each day by type, and the size of the event store."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class EventTrends(Struct, frozen=True):
    """The numbers of the last days, oldest first, including days without events; or why nobody could ask."""

    days: tuple[str, ...] = ()
    types: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # type -> events on each of the days
    rows: int = 0  # all stored events
    size: int = 0  # bytes
    trouble: str = ""

    @property
    def per_day(self) -> tuple[int, ...]:
        return tuple(map(sum, zip(*self.types.values(), strict=True))) if self.types else (0,) * len(self.days)

    @property
    def stored(self) -> tuple[int, ...]:
        """Return how many events were stored at the end of each day."""
        found, left = [], self.rows
        for number in reversed(self.per_day):
            found.append(left)
            left -= number
        return tuple(reversed(found))
