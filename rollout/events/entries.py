"""An event as the fold reads it: under its canonical name, with what its answers need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.events.event import Event

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class FoldEntry:
    """An event under its canonical name."""

    kind: str
    event: Event

    @property
    def data(self) -> Mapping[str, object]:
        return self.event.data


def when(event: Event) -> Json:
    """Return the position and the time, which every answer carries."""
    return {"sequence_num": event.sequence_num, "timestamp": event.timestamp}
