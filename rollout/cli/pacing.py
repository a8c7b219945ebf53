"""The order and the pace of a plan: waves, and how many reviews may be opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rollout.cli.session import Session
from rollout.model.inventory import Target
from rollout.model.plan import Plan, Step
from rollout.model.waves import Lately
from rollout.planning import waves as decide
from rollout.planning.waves import Room
from rollout.targets.job import Remembered, Settings

if TYPE_CHECKING:
    from rollout.fleet.gates import Gates
    from rollout.fleet.waves import Waves
    from rollout.ledger.ledger import Ledger


def paced(at: Session, plan: Plan, settings: Settings, book: Ledger) -> Plan:
    """Return a plan in which the targets wait that have no room among the open reviews."""
    pace = at.loaded.inventory.pace
    return _paced(at, plan, settings, Lately() if pace.per_hour is None else book.lately())


def _paced(at: Session, plan: Plan, settings: Settings, lately: Lately) -> Plan:
    inventory = at.loaded.inventory
    pace = inventory.pace
    if (pace.max_open is None and pace.per_hour is None) or not any(map(decide.opens, plan.steps)):
        return plan

    from rollout.targets.past import remembered  # few commands come here, and it loads what speaks to forges

    there = {step.target for step in plan.steps}
    others = [(one, remembered(one, settings)) for one in inventory.targets if one.name not in there]
    opened = lately.opened
    if pace.per_hour is not None:
        standings = {one.name: known.standing for one, known in others}
        opened += decide.unrecorded({**standings, **{step.target: step.standing for step in plan.steps}}, lately)
    room = Room(_open_elsewhere(at, plan, settings, others), opened)
    return replace(plan, steps=decide.paced(plan.steps, pace, room, decide.by_wave(inventory.targets, pace.waves)))


def _open_elsewhere(at: Session, plan: Plan, settings: Settings, others: list[tuple[Target, Remembered]]) -> int:
    """Count the open reviews of the targets that were not chosen.

    A target is only looked at where nothing is remembered of it, or where what is remembered leaves too little room.
    """
    most = at.loaded.inventory.pace.max_open
    left = 0 if most is None else most - sum(map(decide.is_open, plan.steps))
    if left <= 0:
        return 0
    held = tuple(one for one, known in others if decide.holds_room(known.standing))
    new = _open(at, settings, tuple(one for one, known in others if not known.looked))
    enough = new + len(held) + sum(map(decide.opens, plan.steps)) <= left
    return new + (len(held) if enough else _open(at, settings, held))


def _open(at: Session, settings: Settings, targets: tuple[Target, ...]) -> int:
    return sum(map(decide.is_open, at.plan(settings, targets=targets).steps)) if targets else 0


def looked_at(at: Session, settings: Settings) -> Plan:
    """Return the plan of all targets, as apply would carry it out now."""
    return shown(at, at.plan(settings), settings)


def shown(at: Session, plan: Plan, settings: Settings) -> Plan:
    """Return a plan as apply would carry it out now: later waves wait, and so do reviews for which there is no room."""
    return _paced(at, in_waves(at, plan, settings), settings, _lately(at))


def in_waves(at: Session, plan: Plan, settings: Settings) -> Plan:
    """Return a plan in which later waves wait, as they stand before a run; no gate is asked."""
    inventory = at.loaded.inventory
    pace = inventory.pace
    if not pace.waves:
        return plan
    numbers = decide.by_wave(inventory.targets, pace.waves)
    others = _earlier(at, plan, settings, numbers)
    return replace(plan, steps=decide.waiting(plan.steps, others, numbers, pace, _gates(at, "").unasked))


def _lately(at: Session) -> Lately:
    """Return which reviews were opened in the last hour, as far as the ledger can be read."""
    inventory = at.loaded.inventory
    if inventory.pace.per_hour is None:
        return Lately()

    from rollout.ledger import ledger
    from rollout.ledger.queries import LedgerError

    try:
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            return book.lately()
    except LedgerError as error:
        at.screen.warn(str(error))
        return Lately()


def _gates(at: Session, run: str) -> Gates:
    from rollout.fleet.gates import Gates  # most inventories have no waves

    inventory = at.loaded.inventory
    asked = {target.name: at.loaded.rendering.asked(target) for target in inventory.targets}
    return Gates(inventory, at.state, run, asked)


def waves(at: Session, plan: Plan, settings: Settings, run: str, last: int | None) -> Waves | None:
    """Return the waves of a run; None if the inventory has none."""
    inventory = at.loaded.inventory
    if not inventory.pace.waves:
        return None
    from rollout.fleet.waves import Waves

    numbers = decide.by_wave(inventory.targets, inventory.pace.waves)
    steps = (*plan.steps, *_earlier(at, plan, settings, numbers))
    return Waves(numbers, steps, _gates(at, run), None if last is None else last - 1)


def _earlier(at: Session, plan: Plan, settings: Settings, numbers: Mapping[str, int]) -> tuple[Step, ...]:
    """Look at the targets of earlier waves that were not selected: they must already be as they should be."""
    there = {step.target for step in plan.steps}
    last = max((numbers.get(name, 0) for name in there), default=0)
    targets = [t for t in at.loaded.inventory.targets if numbers.get(t.name, 0) < last and t.name not in there]
    return at.plan(settings, targets=tuple(targets)).steps if targets else ()
