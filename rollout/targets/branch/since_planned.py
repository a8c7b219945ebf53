"""Compare upstream with the plan: it may have our change already, or somebody's change to the same files."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.model.causes import SaidOfFiles
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.reasons import Reason, said
from rollout.objects import messages
from rollout.planning import review
from rollout.store import lineage, pending, snapshot, tree
from rollout.targets.branch.outcome import outcome_of
from rollout.targets.branch.task import Built, Task


def since_planned(task: Task, tip: str) -> Outcome | None:
    """Return the outcome of a step that we must not write on upstream's tip, or need not."""
    step = task.step
    if tip == step.base:
        return None
    if step.base is not None and not task.at.local and not lineage.related(task.store, step.base, tip):
        return outcome_of(
            step, Verdict.STALE, said("upstream has a different history now; nothing was written"), base=tip
        )
    known = [change.before.content for change in step.changes if change.before]
    paths = {*step.managed, *(change.path for change in step.changes)}
    there = snapshot.at(task.store, tip, paths, known, network=not task.settings.offline)
    if all(there.files.get(change.path) == change.after for change in step.changes):
        same = outcome_of(step, Verdict.UNCHANGED, said("upstream has the same change already"), base=tip)
        return _this_runs_own(task, there.newest) or same
    moved = review.stale_paths(step, there.files) or _read_meanwhile(task, tip)
    if moved:
        reason = Reason((SaidOfFiles("upstream changed ", tuple(moved), " meanwhile; nothing was written"),))
        return outcome_of(step, Verdict.STALE, reason, base=tip)
    return None


def _read_meanwhile(task: Task, tip: str) -> list[PurePosixPath]:
    """Return the inputs of the target's own templates that others have changed since the plan."""
    step = task.step
    if step.base is None or not step.inputs:
        return []
    return review.read_between(step, tree.changed_between(task.store, step.base, tip))


def _this_runs_own(task: Task, commit: str | None) -> Outcome | None:
    """Return the push that this run made already: its worker was killed before it could report it."""
    step = task.step
    pushed = pending.read(task.store, commit) if commit else None
    if pushed is None or messages.run_and_target(pushed.message) != (task.job.run.id, step.target):
        return None
    return outcome_of(step, Verdict.PUSHED, built=Built(pushed.commit, pushed.parent, step.changes))
