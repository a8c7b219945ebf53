"""The command that comes next: after a plan, a status, a proof and a run."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.model.action import Action
from rollout.model.outcomes import CHANGED, Outcome, RunCommand, Verdict
from rollout.model.plan import State, Step

CommandLine = tuple[str, ...]  # a command and its options; nothing if nothing needs doing

_AGAIN = {Verdict.STALE, Verdict.UNKNOWN, Verdict.FAILED}
_WAITS = {Verdict.COMMITTED, Verdict.REJECTED}


def next_step(steps: Sequence[Step]) -> CommandLine:
    """Return what comes after a plan; for a blocked target its reason says it, and no command helps.

    While a run is at work, what comes next depends on what comes of it.
    """
    if any(step.why.at_work for step in steps):
        return ()
    steps = [step for step in steps if not step.frozen and step.state is not State.BLOCKED]
    if any(_decided(step) for step in steps):
        return ("apply",)
    undecided = [change for step in steps for change in step.changes if not change.decided]
    actions = {change.action for change in undecided}
    apply = ("apply", "--release") if any(change.released for change in undecided) else ("apply",)
    if any(change.merges for change in undecided):
        return (*apply, "--on-drift", "merge")
    if actions & {Action.DRIFT, Action.CONFLICT}:
        return ("diff", "--base")
    if any(change.unsearched for change in undecided):
        return ("status", "--fetch")
    if Action.ADOPT in actions:
        return (*apply, "--adopt")
    if any(step.state is State.READY_TO_PUSH for step in steps):
        return ("push",)
    if any(step.follow or (step.state is State.WAITING and step.why.later) for step in steps):
        return ("apply",)
    if any(step.state is State.IN_REVIEW and step.unopened for step in steps):
        return ("apply",)
    return ("review",) if any(map(_reviewed, steps)) else ()


def after_looking(steps: Sequence[Step]) -> CommandLine:
    """Return what comes after a command that showed no plan: before something is written, it is shown."""
    found = next_step(steps)
    return ("plan",) if found[:1] == ("apply",) else found


def after_run(
    command: RunCommand, again: CommandLine, steps: Sequence[Step], outcomes: Sequence[Outcome], *, ended: bool = True
) -> CommandLine:
    """Return what comes after a run, by what came of it; `again` does it again."""
    from rollout.showing.status_rows import is_its_own_upstream  # a plan has no rows

    left = {outcome.target for outcome in outcomes if outcome.verdict is Verdict.BLOCKED and outcome.awaits is not None}
    alone = {step.target for step in steps if is_its_own_upstream(step)}
    verdicts = {outcome.verdict for outcome in outcomes}
    later = any(outcome.verdict is Verdict.NOT_STARTED and outcome.why.later for outcome in outcomes)
    if command is RunCommand.PUSH and Verdict.STALE in verdicts:
        return ("apply",)  # what waits is overtaken, and pushing it again would be refused again
    if not ended or verdicts & _AGAIN or later:
        return again
    if any(outcome.verdict in _WAITS and outcome.target not in alone for outcome in outcomes):
        return ("push",)
    if left:
        return next_step([step for step in steps if step.target in left])
    if verdicts & CHANGED and Verdict.PROPOSED not in verdicts and command is not RunCommand.REVERT:
        return ("verify",)
    return ("review",) if any(outcome.review is not None for outcome in outcomes) else ()


def _reviewed(step: Step) -> bool:
    return step.state is State.IN_REVIEW and step.standing is not None and step.standing.told is not None


def _decided(step: Step) -> bool:
    """Tell whether apply writes a target without further options."""
    return step.state in {State.PENDING, State.DRIFT} and all(change.decided for change in step.changes)
