"""Join the states of targets with the ledger: what git and the disk say, and where the ledger disagrees."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout.model.changed import ChangedBy
from rollout.model.inventory import Branch, TargetKind
from rollout.model.outcomes import LastOutcome, Verdict
from rollout.model.plan import Change, Plan, State, Step
from rollout.model.reasons import Reason
from rollout.safety import addresses
from rollout.showing.status import Row


class Recorded(Struct, frozen=True):
    """What the ledger says of each target and of runs, and when we began to look at the targets."""

    last: Mapping[str, LastOutcome]
    at_work: bool = False
    since: str = ""
    stopped: frozenset[str] = frozenset()  # the runs that did not end

    def settled(self, target: str) -> LastOutcome | None:
        """Return a target's last outcome if nothing is on its way between git and the ledger."""
        last = self.last.get(target)
        if last is None or self.at_work or (self.since and last.recorded_at >= self.since):
            return None
        return last


def rows(
    plan: Plan,
    recorded: Recorded,
    known: Callable[[Step], Collection[str]],
    shown: Callable[[Reason], Reason] = lambda why: why,
) -> list[Row]:
    """Return a row for each target of the plan, in order; `shown` returns a reason as it is shown.

    `known` tells which reasons of a last run say no more than the state of the target does.
    """
    return [_row(step, recorded, known, shown(step.why).text) for step in plan.steps]


_WRONG = {
    Verdict.BLOCKED, Verdict.STALE, Verdict.REJECTED, Verdict.UNKNOWN, Verdict.FAILED, Verdict.NOT_STARTED,
}  # fmt: skip
_WITHOUT_UPSTREAM = {Verdict.COMMITTED, Verdict.REJECTED, Verdict.UNKNOWN}  # a commit was made, and not seen upstream


def _row(step: Step, recorded: Recorded, known: Callable[[Step], Collection[str]], reason: str) -> Row:
    last = recorded.last.get(step.target)
    disagrees = _disagreement(step, recorded.settled(step.target), recorded.stopped)
    return Row(
        name=step.target,
        kind=step.kind,
        branch=step.branch,
        state=step.state,
        reason=reason,
        commit=step.commit,
        ahead=step.ahead,
        behind=step.behind,
        last=last,
        disagrees=disagrees,
        trouble=None if disagrees else _trouble(step, last, known),
        orphans=step.orphans,
        collides=step.collides,
        review=None if step.standing is None else step.standing.told,
        changed_by=tuple(_changed_by((*step.changes, *step.changed_on_hold))),
        held=bool(step.held) or step.frozen,
        alone=is_its_own_upstream(step),
        findings=tuple(one for one in step.findings if one.fails),
    )


def _changed_by(found: Iterable[Change]) -> Iterable[tuple[PurePosixPath, ChangedBy]]:
    return ((c.path, c.did.by) for c in found if c.did is not None and c.did.by is not None)


def _trouble(step: Step, last: LastOutcome | None, known: Callable[[Step], Collection[str]]) -> str | None:
    """Say what went wrong in the last run, unless the state says it already."""
    if last is None:
        return None
    if last.verdict not in _WRONG:
        return f"last run: {last.checkout}" if step.why.unhindered and last.checkout else None
    if any(f"{last.reason}; ".startswith(f"{one}; ") for one in known(step)):
        return None
    return f"last run {last.verdict}: {last.reason}"


def _disagreement(step: Step, last: LastOutcome | None, stopped: Collection[str]) -> str | None:
    """Say where the ledger disagrees with git; git is right."""
    if last is None or step.state in {State.MISSING, State.UNREACHABLE} or step.why.opted_out or step.why.at_work:
        return None
    if last.verdict is Verdict.PUSHED and step.state is State.READY_TO_PUSH:
        if step.commit != last.commit:  # a later run was interrupted, and its commit waits
            return None
        return f"the ledger says pushed by run {last.run}, but upstream does not have it"
    if last.verdict in _WITHOUT_UPSTREAM and step.kind is TargetKind.REPO:
        upstream_has_it = step.state in {State.IN_SYNC, State.BEHIND} and last.commit and step.commit == last.commit
        if upstream_has_it and not is_its_own_upstream(step):
            return "pushed since the last run"
        return None
    if last.verdict is Verdict.PUSHED and last.commit and step.commit not in {None, last.commit}:
        if step.pending is None and step.newest_run in stopped:
            return f"run {step.newest_run}, which was stopped, had pushed its commit and could not record that"
        return f"upstream's newest rollout commit is not the one that run {last.run} pushed"
    if last.verdict is Verdict.PUSHED and last.commit and step.commit is None and step.base is not None:
        return f"the ledger says pushed by run {last.run}, but its commit is not upstream any more"
    return None


def is_its_own_upstream(step: Step) -> bool:
    """Tell whether the repository has no remote, so that a commit there is the whole rollout."""
    match step.location:
        case Branch(checkout=Path() as top):
            return step.identity == addresses.identity(str(top))
    return False


def fetched_at(plan: Plan) -> float | None:
    """Return the oldest time at which upstream was last asked, over all targets where we know it."""
    repositories = (step for step in plan.steps if step.kind is TargetKind.REPO)
    times = [step.known_at for step in repositories if step.base is not None or step.known_at is not None]
    known = [when for when in times if when is not None]
    return min(known) if known and len(known) == len(times) else None
