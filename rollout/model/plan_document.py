"""A plan as the document of SPEC section 6."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any

from rollout.model.changed import ChangedBy
from rollout.model.files import File
from rollout.model.inventory import TargetKind
from rollout.model.limits import BudgetUse
from rollout.model.plan import Change, Plan, State, Step
from rollout.model.reasons import Collision
from rollout.model.reviews import Deliver, Review, Via
from rollout.safety.shown import moment

PLAN = "rollout-plan/1"
DOCUMENT = dict[str, Any]


def plan_document(plan: Plan, diff: Callable[[Step, Change], str | None]) -> DOCUMENT:
    """Return a plan as the contract's document; `diff` gives each change's diff, or None to leave it out."""
    return {
        "format": PLAN,
        "id": plan.id,
        "created": plan.created,
        "digest": plan.digest or digest(plan),
        "targets": [step_document(step, diff) for step in plan.steps],
        "summary": summary(plan.steps),
    }


def step_document(step: Step, diff: Callable[[Step, Change], str | None]) -> DOCUMENT:
    in_git = step.kind is TargetKind.REPO
    return {
        "name": step.target,
        "kind": step.kind.value,
        "state": step.state.value,
        "branch": step.branch,
        "base": step.base,
        "reason": step.reason,
        "author": step.author,
        "deliver": (Deliver.PUSH if step.via is Via.PUSH else Deliver.REVIEW).value if in_git else None,
        "via": step.via.value if in_git else None,
        "review": review_document(None if step.standing is None else step.standing.told),
        "changes": [change_document(step, change, diff) for change in step.changes],
        "warnings": list(step.warnings),
        "orphans": [str(path) for path in step.orphans],
        "kept": [str(path) for path in step.kept],
        "held": bool(step.held) or step.frozen,
        "held_paths": [str(path) for path in step.held],
        "needs": list(step.needs),
        "budgets": [_budget(use) for use in step.budgets],
        "collides": collisions(step.collides),
        "in_sync": step.in_sync,
    }


def _budget(use: BudgetUse) -> DOCUMENT:
    return {
        "name": use.budget.name,
        "chars": use.chars,
        "tokens": use.tokens,
        "max_chars": use.budget.max_chars,
        "max_tokens": use.budget.max_tokens,
        "parts": [{"path": str(part.path), "chars": part.chars, "before": part.before} for part in use.parts],
    }


def change_document(step: Step, change: Change, diff: Callable[[Step, Change], str | None]) -> DOCUMENT:
    return {
        "path": str(change.path),
        "action": change.action.value,
        "cause": change.words,
        "before": _print(change.before),
        "after": _print(change.after),
        "diff": diff(step, change) or None,
        "rules": list(change.rules),
        "changed_by": None if change.did is None else changed_by(change.path, change.did.by),
    }


def collisions(found: Iterable[Collision]) -> list[DOCUMENT]:
    return [{"path": str(path), "commit": one.commit, "subject": one.subject} for one in found for path in one.paths]


def changed_by(path: PurePosixPath, by: ChangedBy | None) -> DOCUMENT | None:
    if by is None:
        return None
    return {"path": str(path), "who": by.who, "when": moment(by.when), "commit": by.commit}


def _print(file: File | None) -> dict[str, str] | None:
    return None if file is None else {"sha256": file.sha256, "mode": file.mode}


def summary(steps: Iterable[Step]) -> dict[str, int]:
    """Count files by what a run would do about them, and blocked targets."""
    names = ("create", "update", "delete", "chmod", "adopt", "drift", "conflict", "blocked", "in-sync")
    counts = dict.fromkeys(names, 0)
    for step in steps:
        counts["in-sync"] += step.in_sync
        counts["blocked"] += step.state is State.BLOCKED
        for change in step.changes:
            if change.action.value in counts:
                counts[change.action.value] += 1
    return counts


def digest(plan: Plan) -> str:
    """Return a digest of what a plan would do: the same steps have the same digest."""
    steps = [
        [
            step.target,
            step.base,
            [[str(c.path), c.action.value, _print(c.before), _print(c.after)] for c in step.changes],
        ]
        for step in plan.steps
    ]
    return hashlib.sha256(json.dumps(steps).encode()).hexdigest()


def review_document(review: Review | None) -> dict[str, object] | None:
    """Return a review as the contract's documents have it."""
    if review is None:
        return None
    return {
        "url": review.url,
        "number": review.number,
        "state": review.state.value,
        "approved": review.approved,
        "checks": review.checks.value,
        "conflicts": review.conflicts,
    }
