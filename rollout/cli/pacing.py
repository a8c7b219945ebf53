"""The order and the pace of a plan: waves, and how many reviews may be opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rollout.cli.session import Session
from rollout.ledger import ledger
from rollout.ledger.ledger import Ledger
from rollout.ledger.queries import LedgerError
from rollout.model.plan import Plan, Step
from rollout.planning import waves as decide
from rollout.planning.waves import Room
from rollout.targets.job import Settings

if TYPE_CHECKING:
    from rollout.fleet.gates import Gates
    from rollout.fleet.waves import Waves


def paced(at: Session, plan: Plan, settings: Settings, book: Ledger) -> Plan:
    """Return a plan in which the targets wait that have no room among the open reviews."""
    pace = at.loaded.inventory.pace
    return _paced(at, plan, settings, 0 if pace.per_hour is None else book.opened_lately())


def _paced(at: Session, plan: Plan, settings: Settings, lately: int) -> Plan:
    inventory = at.loaded.inventory
    pace, numbers = inventory.pace, decide.by_wave(inventory.targets, inventory.pace.waves)
    room = Room(_open_elsewhere(at, plan, settings), lately)
    return replace(plan, steps=decide.paced(plan.steps, pace, room, numbers))


def _open_elsewhere(at: Session, plan: Plan, settings: Settings) -> int:
    """Count the open reviews of the targets that were not chosen, where that decides something."""
    most, there = at.loaded.inventory.pace.max_open, {step.target for step in plan.steps}
    new = sum(map(decide.opens, plan.steps))
    if most is None or not new or sum(map(decide.is_open, plan.steps)) >= most:
        return 0
    others = tuple(target for target in at.loaded.inventory.targets if target.name not in there)
    return sum(map(decide.is_open, at.plan(settings, targets=others).steps)) if others else 0


def shown(at: Session, plan: Plan, settings: Settings) -> Plan:
    """Return a plan as apply would carry it out now: later waves wait, and so do reviews for which there is no room."""
    inventory = at.loaded.inventory
    pace = inventory.pace
    if pace.waves:
        numbers = decide.by_wave(inventory.targets, pace.waves)
        others = _earlier(at, plan, settings, numbers)
        plan = replace(plan, steps=decide.waiting(plan.steps, others, numbers, pace, _gates(at, "").unasked))
    if pace.max_open is None and pace.per_hour is None:
        return plan
    return _paced(at, plan, settings, _opened_lately(at))


def _opened_lately(at: Session) -> int:
    """Count the reviews that were opened in the last hour, as far as the ledger can be read."""
    inventory = at.loaded.inventory
    if inventory.pace.per_hour is None:
        return 0
    try:
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            return book.opened_lately()
    except LedgerError as error:
        at.screen.warn(str(error))
        return 0


def _gates(at: Session, run: str) -> Gates:
    from rollout.fleet.gates import Gates  # most inventories have no waves

    inventory = at.loaded.inventory
    asked = {target.name: at.loaded.rendering.asked(target) for target in inventory.targets}
    return Gates(inventory, at.state, run, asked)


def waves(at: Session, plan: Plan, settings: Settings, run: str, last: int | None) -> Waves | None:
    """Return the waves of a run; None where the inventory has none."""
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
