"""What `verify` finds wrong in one target."""

from __future__ import annotations

from collections.abc import Iterable

from rollout.model.action import Action
from rollout.model.inventory import Branch
from rollout.model.plan import Plan, State, Step
from rollout.model.verified import Mismatch, Unproved, Verified, Where


def verified(plan: Plan) -> list[Verified]:
    """Return the mismatches of each target in a fresh plan, for which every remote was asked."""
    return [Verified(step.target, tuple(_mismatches(step))) for step in plan.steps]


def with_documents(found: Iterable[Verified], faults: Iterable[Unproved]) -> list[Verified]:
    """Add the faults found in documents to their targets."""
    by_target: dict[str, list[Mismatch]] = {}
    for fault in faults:
        by_target.setdefault(fault.target, []).append(
            Mismatch(fault.path, fault.where, str(fault.flaw), fault.flaw.line)
        )
    return [Verified(one.name, (*one.mismatches, *by_target.get(one.name, ()))) for one in found]


def _mismatches(step: Step) -> Iterable[Mismatch]:
    yield from (Mismatch(one.path, one.where, str(one.flaw), one.flaw.line) for one in step.findings if one.fails)
    if step.state is State.BLOCKED and any(one.blocks for one in step.findings) and not step.changes:
        return
    place = Where.UPSTREAM if isinstance(step.location, Branch) else Where.FOLDER
    if step.state in {State.MISSING, State.UNREACHABLE} or (step.state is State.BLOCKED and not step.changes):
        yield Mismatch("", place, f"{step.state}: {step.reason}")
        return
    for change in step.changes:
        if change.action is Action.ERROR:
            where = Where.POLICY if change.policy else place
            yield Mismatch(str(change.path), where, change.words, change.line)
        else:
            what = "waits to be pushed" if step.pending else f"{change.action.value}: {change.words}"
            yield Mismatch(str(change.path), place, "; ".join(filter(None, (what, step.why.at_work))))
    changed = {change.path: f"; {change.words}" for change in step.changed_on_hold}
    for path in step.held:
        more = changed.get(path, "")
        yield Mismatch(str(path), place, f"held since a revert, until the template changes{more}")
    unpushed = {change.path for change in step.changes}
    for one in step.checkout:
        if one.path not in unpushed:
            yield Mismatch(str(one.path), Where.CHECKOUT, one.edit or one.words)
