"""Outcomes of one branch."""

from __future__ import annotations

from collections.abc import Iterable

from rollout.model.outcomes import Note, Outcome, Verdict
from rollout.model.plan import Step
from rollout.model.reasons import NONE, Reason
from rollout.targets.branch.task import Built


def outcome_of(
    step: Step,
    verdict: Verdict,
    why: Reason = NONE,
    built: Built | None = None,
    notes: Iterable[Note] = (),
    base: str | None = None,
) -> Outcome:
    """Return a step's outcome; `base` is upstream's commit if we built none.

    What a revert leaves in a review is none of its own changes: the revert of the revert is not to take it out.
    """
    changes = built.changes if built is not None else ()
    return Outcome(
        target=step.target,
        verdict=verdict,
        why=why,
        base=(built.base if built is not None else base) or step.base,
        commit=built.commit if built is not None else None,
        kind=step.kind,
        branch=step.branch,
        paths=tuple(change.as_written for change in changes if not change.stays),
        notes=tuple(notes),
    )
