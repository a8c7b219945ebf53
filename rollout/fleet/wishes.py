"""Follow the `.rollout.yaml` of targets, before anything is rendered for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from threading import Event
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.fleet.load import Loaded
from rollout.model.causes import OptedOut
from rollout.model.files import File
from rollout.model.inventory import Branch, Target
from rollout.model.plan import State, Step
from rollout.model.reasons import Reason, Said, said
from rollout.targets.job import Settings
from rollout.targets.source import FileSource, NotRead
from rollout.work import threads

if TYPE_CHECKING:
    from rollout.inventory.wish import Wish

_AT_ONCE = 8  # targets that are read from at once


class Heeded(Struct, frozen=True):
    """An inventory as its targets want it, and the steps of targets with nothing left to decide."""

    loaded: Loaded
    targets: tuple[Target, ...]
    settled: dict[str, Step] = field(default_factory=dict)
    wishes: dict[str, Wish] = field(default_factory=dict)  # what targets said

    def told(self, step: Step) -> Step:
        """Return a step that says what its target wants otherwise; a file that it leaves out is no orphan."""
        found = self.wishes.get(step.target)
        if found is None or not found.words:
            return step
        orphans = tuple(path for path in step.orphans if not found.leaves_out(path))
        return replace(step, why=step.why.also(Said(found.words)), orphans=orphans)


def heeded(loaded: Loaded, chosen: tuple[Target, ...], settings: Settings, stop: Event | None) -> Heeded:
    """Read the file of each target, where the inventory allows anything; else it is refused when it is looked at."""
    may = loaded.inventory.target_may
    if not may:
        return Heeded(loaded, chosen)
    repositories = [target for target in chosen if isinstance(target.location, Branch)]
    settled: dict[str, Step] = {}
    wishes: dict[str, Wish] = {}
    for target, found in threads.run(lambda one: _read(one, settings, may), repositories, _AT_ONCE, stop):
        if isinstance(found, Step):
            settled[target.name] = found
        elif found is not None:
            wishes[target.name] = found
    inventory = replace(loaded.inventory, targets=_as_wished(loaded.inventory.targets, wishes))
    targets = _as_wished(chosen, wishes)
    return Heeded(replace(loaded, inventory=inventory), targets, settled, wishes)


def _as_wished(targets: Iterable[Target], wishes: dict[str, Wish]) -> tuple[Target, ...]:
    return tuple(wishes[one.name].of(one) if one.name in wishes else one for one in targets)


def _read(target: Target, settings: Settings, may: tuple[str, ...]) -> Wish | Step | None:
    """Return what a target asks for, or its step if that settles it; None if it has no such file."""
    from rollout.inventory.wish import NAME, BadWish, wish  # only where targets may say something

    source = FileSource(target, settings)
    try:
        there, tip, asked_at = source.at(PurePosixPath(NAME)), source.tip(), source.asked_at()
    except NotRead:
        return None  # why it is not to be had is told where the target is looked at
    if there is None:
        return None

    def settled(state: State, why: Reason) -> Step:
        return Step(target.name, target.location, state, why, tip, known_at=asked_at)

    if not isinstance(there, File):
        return settled(State.BLOCKED, said(f"{NAME} is not a plain file"))
    try:
        found = wish(there.content, may)
    except BadWish as error:
        return settled(State.BLOCKED, said(str(error)))
    return found if found.enabled else settled(State.IN_SYNC, Reason((OptedOut(NAME),)))
