"""Check that what written texts refer to exists: in the target as it will be, or in a folder of the inventory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content.pointers import Pointer, pointers
from rollout.fleet.parts import Parts
from rollout.model.files import Desired
from rollout.model.inventory import Folder, Inventory, Target
from rollout.model.limits import Finding
from rollout.model.plan import Step
from rollout.model.verified import Where
from rollout.safety.flaw import Flaw
from rollout.targets.source import NotRead


def astray(
    inventory: Inventory, target: Target, desired: Desired, step: Step, parts: Parts, *, everywhere: bool
) -> tuple[Finding, ...]:
    """Return what the texts that a step writes (or all managed ones) refer to and is missing."""
    if step.base is None:
        return ()
    written = {change.path for change in step.changes}
    try:
        return tuple(
            Finding(Where.POLICY, str(item.path), fault, blocks=True)
            for item in desired.managed
            if everywhere or item.path in written
            for pointer in pointers(item)
            for fault in _faults(inventory, target, pointer, step.base, parts)
        )
    except (NotRead, OSError):
        return ()  # what cannot be read is reported elsewhere


def _faults(inventory: Inventory, target: Target, pointer: Pointer, tip: str, parts: Parts) -> Iterator[Flaw]:
    if not pointer.place.is_absolute():
        there = parts.there(target, pointer.place, tip)
    else:
        inside = _inside(inventory, pointer.place)
        if inside is None:
            return
        there = parts.there(*inside, None)
    if there is None:
        yield pointer.fault("is not there")
    elif pointer.runs and not there:
        yield pointer.fault("is not executable")


def _inside(inventory: Inventory, place: PurePosixPath) -> tuple[Target, PurePosixPath] | None:
    """Return the folder target that a path on the machine lies in, and the path in it."""
    for target in inventory.targets:
        if isinstance(target.location, Folder) and place.is_relative_to(target.location.root):
            return target, place.relative_to(target.location.root)
    return None
