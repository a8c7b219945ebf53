"""Which target waits for which: targets whose needs are not met, and the order in which steps are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from rollout.model.inventory import Target, TargetKind
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import State, Step
from rollout.model.reasons import NONE, Needs, Reason, Said
from rollout.planning.review import undecided
from rollout.planning.writable import FAILED

_WRITES = {State.PENDING, State.READY_TO_PUSH, State.DRIFT}
_THERE = {State.IN_SYNC, State.BEHIND}
_HOPELESS = {
    State.MISSING, State.UNREACHABLE, State.BLOCKED, State.CONFLICT, State.DECLINED, State.WAITING, State.IN_REVIEW,
}  # fmt: skip


def missing(steps: Iterable[Step]) -> list[str]:
    """Return the needed targets that are not in the plan, for steps that would write something."""
    found = list(steps)
    there = {step.target for step in found}
    return list(dict.fromkeys(name for step in found if _would_write(step) for name in step.needs if name not in there))


def waiting(steps: Sequence[Step], others: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps, with those waiting whose needs cannot be met; `others` are looked at and not written."""
    by_name = {step.target: step for step in steps}
    unselected = {step.target: step for step in others}
    found: dict[str, Step] = {}

    def after_its_needs(step: Step) -> Step:
        if step.target not in found:
            why = next(filter(None, (_obstacle(name) for name in step.needs)), NONE) if _would_write(step) else NONE
            found[step.target] = replace(step, state=State.WAITING, why=why, follow=False) if why else step
        return found[step.target]

    def _obstacle(name: str) -> Reason:
        if name not in by_name:
            other = unselected.get(name)
            if other is None or other.state in _THERE:
                return NONE
            return Reason(
                (Needs(name, other.state.value, NONE), Said("roll it out first, or select it with --limit too"))
            )
        needed = after_its_needs(by_name[name])
        if needed.state in _HOPELESS or undecided(needed) or (needed.frozen and needed.changes):
            return Reason((Needs(name, needed.state.value, needed.why),))
        return NONE

    return tuple(after_its_needs(step) for step in steps)


def _would_write(step: Step) -> bool:
    return step.state in _WRITES and bool(step.changes) and not undecided(step) and not step.frozen


def in_order(steps: Iterable[Step]) -> Iterator[tuple[Step, ...]]:
    """Yield the steps in groups, each of which needs only those before it."""
    left = {step.target: step for step in steps}
    while left:
        ready = tuple(step for step in left.values() if not left.keys() & set(step.needs))
        yield ready
        for step in ready:
            del left[step.target]


def elsewhere(targets: Sequence[Target], outcomes: Iterable[Outcome], machine: str | None) -> Iterator[str]:
    """Yield what to do on other machines: for each folder written here, and for each that a pushed target needs."""
    done = {outcome.target for outcome in outcomes if outcome.verdict in (Verdict.WRITTEN, Verdict.PUSHED)}
    wanted = done | {name for target in targets if target.name in done for name in target.needs}
    for target in targets:
        others = [name for name in target.machines if name != machine]
        if target.kind is TargetKind.FOLDER and target.name in wanted and others:
            yield f"{target.name} is on {', '.join(others)}, too; run there: rollout apply --limit {target.name}"


def unmet(step: Step, outcomes: Mapping[str, Outcome]) -> Reason | None:
    """Say which needed target failed in this run, or None."""
    for name in step.needs:
        outcome = outcomes.get(name)
        if outcome is not None and outcome.verdict in {*FAILED, Verdict.PROPOSED}:
            return Reason((Needs(name, outcome.verdict.value, outcome.why),))
    return None
