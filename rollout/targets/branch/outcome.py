"""Outcomes of one branch."""

from __future__ import annotations

from collections.abc import Iterable

from rollout.model.files import fingerprint
from rollout.model.outcomes import Outcome, Verdict, WrittenPath
from rollout.model.plan import Change, Step


def outcome_of(
    step: Step,
    verdict: Verdict,
    reason: str = "",
    commit: str | None = None,
    base: str | None = None,
    notes: Iterable[str] = (),
    changes: Iterable[Change] = (),
) -> Outcome:
    paths = tuple(
        WrittenPath(str(c.path), c.action.value, fingerprint(c.before), fingerprint(c.after)) for c in changes
    )
    return Outcome(
        step.target, verdict, reason, base or step.base, commit, 0, step.kind, step.branch, paths, tuple(notes)
    )
