"""Sort steps into those that can be written and those that cannot, and say the exit code."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import Action, State, Step
from rollout.planning.review import undecided

_ERRORS = {State.MISSING, State.UNREACHABLE}
_DONE = {Verdict.PUSHED, Verdict.COMMITTED, Verdict.WRITTEN}
FAILED = {Verdict.BLOCKED, Verdict.STALE, Verdict.REJECTED, Verdict.UNKNOWN, Verdict.FAILED, Verdict.NOT_STARTED}


class Sorted(Struct, frozen=True):
    """The steps of a plan, grouped by what can be done about them."""

    writable: tuple[Step, ...]
    settled: tuple[Outcome, ...]  # of the steps that are not written: why not, or that there is nothing to do


def sort(steps: Iterable[Step], *, only_waiting: bool = False) -> Sorted:
    """Separate the steps that can be written from those that cannot or need not; `only_waiting` is for push."""
    writable, settled = [], []
    for step in steps:
        outcome = _settled(step, only_waiting=only_waiting)
        if outcome is None:
            writable.append(step)
        else:
            settled.append(outcome)
    return Sorted(tuple(writable), tuple(settled))


def _settled(step: Step, *, only_waiting: bool) -> Outcome | None:
    def be(verdict: Verdict, reason: str, awaits: Action | None = None) -> Outcome:
        return Outcome(step.target, verdict, reason, step.base, None, 0, step.kind, step.branch, awaits=awaits)

    if step.state in _ERRORS:
        return be(Verdict.FAILED, f"{step.state}: {step.reason}")
    if step.state is State.BLOCKED:
        return be(Verdict.BLOCKED, step.reason, step.awaits)
    if step.state is State.WAITING and (step.pending is not None or not only_waiting):
        return be(Verdict.NOT_STARTED, step.reason)
    if only_waiting and step.state is not State.READY_TO_PUSH:
        if step.overtaken and step.state in {State.DRIFT, State.CONFLICT}:
            return be(Verdict.STALE, f"{step.reason} since the commit that waits was made; rollout apply decides")
        if step.outrun and step.changes:
            names = ", ".join(str(path) for path in step.outrun[:3])
            return be(
                Verdict.STALE, f"upstream changed {names} since the commit that waits was made; rollout apply decides"
            )
        if step.overtaken and step.state is State.PENDING:
            return be(Verdict.UNCHANGED, "the commit that waits is not what is asked for now; rollout apply renews it")
        return be(Verdict.UNCHANGED, "nothing is ready to push")
    waiting = undecided(step)
    if waiting:
        ways = {
            Action.ADOPT: "rollout apply --adopt takes it over",
            Action.DRIFT: "rollout apply --on-drift overwrite, or merge, decides",
            Action.CONFLICT: "resolve it upstream, or: rollout apply --on-drift overwrite",
        }
        first = waiting[0]
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        reason = f"{first.action}: {first.path}: {first.cause}{more}; {ways[first.action]}"
        return be(Verdict.BLOCKED, reason, first.action)
    if step.kind == "repo" and step.changes and all(change.idle for change in step.changes) and not step.follow:
        return be(Verdict.UNCHANGED, f"{step.changes[0].path}: {step.changes[0].cause}, and that is what is there")
    if not step.changes and not step.follow:
        return be(Verdict.UNCHANGED, step.reason if step.state is State.BEHIND else "")
    return None


def exit_code(steps: Iterable[Step], outcomes: Iterable[Outcome]) -> int:
    """Return the exit code of a run: 1 beats 4 beats 3 beats 0."""
    states = {step.target: step.state for step in steps}
    found = list(outcomes)
    if any(states.get(o.target) in _ERRORS for o in found):
        return 1
    bad = [o for o in found if o.verdict in FAILED]
    if not bad:
        return 0
    awaited = any(o.verdict is Verdict.BLOCKED and o.awaits is not None for o in bad)
    nothing_done = not any(o.verdict in _DONE for o in found)
    later = {target for target, state in states.items() if state is State.WAITING}
    if awaited and nothing_done and all(o.verdict is Verdict.BLOCKED or o.target in later for o in bad):
        return 4
    return 3


def changes_something(step: Step) -> bool:
    """Tell whether writing the step changes anything a person should be asked about."""
    return step.follow or not all(change.idle for change in step.changes)
