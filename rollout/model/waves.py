"""In which order a rollout reaches its targets, and how fast reviews are opened."""

from __future__ import annotations

from msgspec import Struct


class Wave(Struct, frozen=True):
    """Targets that are written together; the gate is a command that must agree before the next wave begins."""

    limits: tuple[str, ...]
    gate: str | None = None
    within: float = 600.0  # seconds that the gate may take to answer

    @property
    def named(self) -> str:
        return ",".join(self.limits)


class Lately(Struct, frozen=True):
    """What the ledger has of the hour since `since`: how many reviews were opened, and which outcomes there were."""

    opened: int = 0
    recorded: frozenset[tuple[str, str]] = frozenset()  # run and target
    since: int = 0


class Pace(Struct, frozen=True):
    """How many new reviews may be opened; None is no limit."""

    waves: tuple[Wave, ...] = ()
    max_open: int | None = None
    per_hour: int | None = None
