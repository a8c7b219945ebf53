"""In which order and how fast a plan is carried out: waves, and how many reviews may be opened."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from rollout.cli.session import Session
from rollout.fleet.gates import Gates
from rollout.fleet.waves import Waves
from rollout.ledger.ledger import Ledger
from rollout.model.plan import Plan, Step
from rollout.planning import waves as decide
from rollout.targets.job import Settings


def paced(at: Session, plan: Plan, book: Ledger | None) -> Plan:
    """Return a plan in which what has to wait for room among the open reviews does."""
    pace = at.loaded.inventory.pace
    opened = 0 if book is None or pace.per_hour is None else book.proposed_lately()
    return replace(plan, steps=decide.paced(plan.steps, pace, opened))


def shown(at: Session, plan: Plan, settings: Settings) -> Plan:
    """Return a plan as it is shown: the later waves wait for the earlier ones."""
    pace = at.loaded.inventory.pace
    if not pace.waves:
        return plan
    numbers = decide.by_wave(at.loaded.inventory.targets, pace.waves)
    return replace(plan, steps=decide.waiting(plan.steps, _earlier(at, plan, settings, numbers), numbers, pace))


def waves(at: Session, plan: Plan, settings: Settings, run: str, last: int | None) -> Waves | None:
    """Return the waves of a run; None where the inventory has none."""
    inventory = at.loaded.inventory
    if not inventory.pace.waves:
        return None
    numbers = decide.by_wave(inventory.targets, inventory.pace.waves)
    asked = {target.name: at.loaded.rendering.asked(target) for target in inventory.targets}
    steps = (*plan.steps, *_earlier(at, plan, settings, numbers))
    return Waves(numbers, steps, Gates(inventory, at.state, run, asked), None if last is None else last - 1)


def _earlier(at: Session, plan: Plan, settings: Settings, numbers: Mapping[str, int]) -> tuple[Step, ...]:
    """Look at the targets of earlier waves that were not chosen: they must be as they should be already."""
    there = {step.target for step in plan.steps}
    last = max((numbers.get(name, 0) for name in there), default=0)
    targets = [t for t in at.loaded.inventory.targets if numbers.get(t.name, 0) < last and t.name not in there]
    return at.plan(settings, targets=tuple(targets)).steps if targets else ()
