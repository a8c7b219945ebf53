"""Check that the hooks of these targets log what happens, against transcripts and git's reflogs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from rollout.fleet.load import Loaded
from rollout.model.inventory import Branch, Folder, Target
from rollout.model.verified import Unproved, Where
from rollout.safety.flaw import Flaw

if TYPE_CHECKING:
    from rollout.events.health import Capture, Health

# The file that holds the hooks, which is where somebody has to look.
HOOKS = ".claude/settings.json"


def faults(loaded: Loaded, url: str, targets: Iterable[Target]) -> tuple[Unproved, ...]:
    """Return what too little is stored of, for each session of the last week whose transcript is on this machine."""
    from rollout.events import health
    from rollout.events.database import connected

    wanted, places = _capture(loaded), tuple(_places(targets))
    with connected(url) as connection:
        found = [
            health.health(connection, name, wanted, datetime.now(UTC)) for name in health.sessions_here(connection)
        ]
    return tuple(fault for one in found for fault in _of_session(one, wanted.min_rate, places))


def _of_session(one: Health, bound: float, places: Iterable[tuple[str, Path]]) -> Iterator[Unproved]:
    owner = next((name for name, place in places if one.path and Path(one.path).is_relative_to(place)), None)
    for rate in one.below(bound) if owner else ():
        said = f"{one.instance}: {rate.stored} of {rate.happened} {rate.kind} stored, {bound:.0%} wanted"
        flaw = Flaw(f"{said}; rollout events health {one.instance} names what is missing")
        yield Unproved(owner or "", HOOKS, flaw, Where.CAPTURE)


def _capture(loaded: Loaded) -> Capture:
    from rollout.events.health import capture_of

    targets = loaded.inventory.targets
    offered = next((t.variables["event_settings"].value for t in targets if "event_settings" in t.variables), None)
    said = offered.get("capture") if isinstance(offered, Mapping) else None
    return capture_of(said if isinstance(said, Mapping) else {})


def _places(targets: Iterable[Target]) -> Iterator[tuple[str, Path]]:
    for target in targets:
        match target.location:
            case Branch(checkout=Path() as checkout):
                yield target.name, checkout.resolve()
            case Folder() | Branch():
                pass  # a session works in a repository
            case never:
                assert_never(never)
