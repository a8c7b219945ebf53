"""Sort steps into those that can be written and those that cannot, and say the exit code."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.causes import FileCauses, SaidOfFiles
from rollout.model.inventory import TargetKind
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import State, Step
from rollout.model.reasons import NONE, Reason, SinceWaiting, Way, WayOut, dated, said, without_ways
from rollout.planning import proposals
from rollout.planning.file_reasons import awaiting
from rollout.planning.proposals import renews
from rollout.planning.review import undecided

_ERRORS = {State.MISSING, State.UNREACHABLE}
_DONE = {Verdict.PUSHED, Verdict.COMMITTED, Verdict.WRITTEN, Verdict.PROPOSED}
FAILED = {Verdict.BLOCKED, Verdict.STALE, Verdict.REJECTED, Verdict.UNKNOWN, Verdict.FAILED, Verdict.NOT_STARTED}


class SortedSteps(Struct, frozen=True):
    """The steps of a plan, grouped by what can be done about them."""

    writable: tuple[Step, ...]
    settled: tuple[Outcome, ...]  # of the steps that are not written: the reason, or that there is nothing to do


def sort(steps: Iterable[Step], *, only_waiting: bool = False) -> SortedSteps:
    """Separate the steps that can be written from those that cannot or need not; `only_waiting` is for push."""
    writable, settled = [], []
    for step in steps:
        outcome = _not_written(step, only_waiting=only_waiting)
        if outcome is None:
            writable.append(step)
        else:
            settled.append(outcome)
    return SortedSteps(tuple(writable), tuple(settled))


def _not_written(step: Step, *, only_waiting: bool) -> Outcome | None:
    """Return the outcome of a step that is not written; None for one that is."""
    if step.state in _ERRORS:
        return _outcome(step, Verdict.FAILED, said(f"{step.state}: {step.reason}"))
    if step.state is State.BLOCKED:
        verdict = Verdict.STALE if only_waiting and step.outrun else Verdict.BLOCKED
        return _outcome(step, verdict, step.why, step.awaits)
    if step.frozen:
        return _outcome(step, Verdict.UNCHANGED, step.why)
    if step.state is State.WAITING and (step.pending is not None or not only_waiting):
        return _outcome(step, Verdict.NOT_STARTED, step.why)
    if only_waiting and not _is_for_push(step):
        return _nothing_to_push(step)
    if _is_a_persons(step):
        return None if proposals.leaves_branch(step) else _outcome(step, Verdict.BLOCKED, step.why)
    waiting = undecided(step)
    if waiting:
        first = waiting[0].action
        return _outcome(step, Verdict.BLOCKED, awaiting(step.target, waiting, first), first)
    return None if _has_work(step) else _outcome(step, Verdict.UNCHANGED, _why_unchanged(step))


def _outcome(step: Step, verdict: Verdict, why: Reason, awaits: Action | None = None) -> Outcome:
    review = None if step.standing is None else step.standing.told
    return Outcome(step.target, verdict, why, step.base, None, 0, step.kind, step.branch, awaits=awaits, review=review)


def _nothing_to_push(step: Step) -> Outcome:
    """Say why `push` leaves a step that has no commit which may be pushed."""
    if step.overtaken and step.state in {State.DRIFT, State.CONFLICT}:
        changed = Reason(tuple(part for part in without_ways(step.why).parts if isinstance(part, FileCauses)))
        return _outcome(step, Verdict.STALE, Reason((SinceWaiting(changed), WayOut(Way.PLAN_AGAIN))))
    if step.outrun and step.changes:
        outrun = Reason((SaidOfFiles("upstream changed ", step.outrun),))
        return _outcome(step, Verdict.STALE, Reason((SinceWaiting(outrun), WayOut(Way.PLAN_AGAIN))))
    if step.overtaken and step.state is State.PENDING:
        renewed = said("the commit that waits is not what is asked for now").also(WayOut(Way.RENEW))
        return _outcome(step, Verdict.UNCHANGED, renewed)
    if step.state is State.IN_REVIEW:
        return _outcome(step, Verdict.UNCHANGED, step.why)
    nothing = _outcome(step, Verdict.UNCHANGED, said("nothing is ready to push"))
    return replace(nothing, aside=step.state is not State.IN_SYNC)


def _is_for_push(step: Step) -> bool:
    """Tell whether `push` writes a step: a commit waits, a review is yet to be opened, or an old commit has to go."""
    return step.state is State.READY_TO_PUSH or _lacks_only_its_review(step) or _leaves_our_commit(step)


def _leaves_our_commit(step: Step) -> bool:
    """Tell whether all that is left to do is that a checkout leaves our own commits, which upstream does not need."""
    return step.state is State.BEHIND and step.follow and bool(step.ahead) and not renews(step)


def _lacks_only_its_review(step: Step) -> bool:
    """Tell whether the branch of a proposal is pushed as it should be, and its review is yet to be opened."""
    return step.state is State.IN_REVIEW and step.unopened


def _is_a_persons(step: Step) -> bool:
    """Tell whether a person declined the proposal, or took it over."""
    return step.state is State.DECLINED or (step.state is State.IN_REVIEW and not _is_ours(step))


def _has_work(step: Step) -> bool:
    """Tell whether there is something to write, to note, to renew in a review, to drop or to update in a checkout."""
    if step.state is State.IN_REVIEW or (not step.changes and renews(step)):
        return renews(step)
    if any(change.keep for change in step.changes):
        return True
    if step.kind is TargetKind.REPO and all(change.idle for change in step.changes):
        return step.follow or (step.overtaken and not step.changes)
    return bool(step.changes) or step.follow


def _why_unchanged(step: Step) -> Reason:
    if step.state is State.IN_REVIEW:
        return step.why
    if step.changes:
        only = step.changes[0]
        return said(f"{only.path}: {only.cause}, and that is what is there")
    stays = step.kept or step.held or proposals.given_up(step)
    told = step.state is State.BEHIND or stays or not step.managed
    return step.why if told else NONE


def reasons_of(step: Step) -> set[str]:
    """Return the words in which a run that does not write the step may have recorded what it waits for.

    That a commit waits and was overtaken is not among them: the step's own reason does not say it.
    """
    outcomes = (_not_written(step, only_waiting=only_waiting) for only_waiting in (False, True))
    told = (outcome for outcome in outcomes if outcome is not None and outcome.verdict is not Verdict.STALE)
    whys = (step.why, *(outcome.why for outcome in told), *_told_where_released(step))
    return {dated(why).text for why in whys}


def _told_where_released(step: Step) -> tuple[Reason, ...]:
    """Return what a run says that was to end the hold of files, and found that others have changed some of them."""
    if not step.changed_on_hold:
        return ()
    held = (replace(change, released=True) for change in step.changed_on_hold)
    waiting = sorted([*undecided(step), *held], key=lambda change: change.path)
    return (awaiting(step.target, waiting, waiting[0].action),)


def _is_ours(step: Step) -> bool:
    return step.standing is not None and step.standing.ours


def exit_code(steps: Iterable[Step], outcomes: Iterable[Outcome], *, skipped: bool = False) -> int:
    """Return the exit code of a run: 1 beats 4 beats 3 beats 0; what a person skipped was not refused."""
    made = list(steps)
    states = {step.target: step.state for step in made}
    found = list(outcomes)
    if any(states.get(o.target) in _ERRORS for o in found):
        return 1
    bad = [o for o in found if o.verdict in FAILED and not o.why.later]
    if not bad:
        return 3 if any(step.left and not step.frozen for step in made) else 0
    awaited = any(o.verdict is Verdict.BLOCKED and o.awaits is not None for o in bad)
    nothing_done = not any(o.verdict in _DONE or o.moved or o.act is not None for o in found)
    later = {target for target, state in states.items() if state is State.WAITING}
    if awaited and nothing_done and not skipped and all(o.verdict is Verdict.BLOCKED or o.target in later for o in bad):
        return 4
    return 3


def changes_something(step: Step) -> bool:
    """Tell whether writing the step changes anything a person should be asked about."""
    if step.state is State.DECLINED:
        return False  # at most our own branch is deleted
    return step.follow or not all(change.idle for change in step.changes) or (not step.changes and renews(step))
