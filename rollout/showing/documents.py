"""The documents of `status` and `history`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rollout.model.outcomes import PastRun
from rollout.model.plan_document import changed_by, collisions, review_document
from rollout.safety.shown import moment
from rollout.showing.status import Row


def history_document(run: PastRun) -> dict[str, Any]:
    return {
        "run": run.run,
        "command": run.command.value,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "plan": run.plan,
        "exit_code": run.exit_code,
        "at_work": run.at_work,
        "outcomes": [
            {
                "target": outcome.target,
                "outcome": outcome.verdict.value,
                "reason": outcome.reason,
                "base": outcome.base,
                "commit": outcome.commit,
                "duration_ms": outcome.duration_ms,
                "review": review_document(outcome.review),
                "review_act": outcome.review_act,
                "paths": [
                    {"path": path.path, "action": path.action.value, "before": path.before, "after": path.after}
                    for path in outcome.paths
                ],
            }
            for outcome in run.outcomes
        ],
    }


def status_document(rows: Sequence[Row], fetched_at: float | None, unmanaged: int | None = None) -> dict[str, Any]:
    """Return the status as the contract's document; `unmanaged` counts the repositories that nobody manages."""
    return {
        "format": "rollout-status/1",
        "fetched_at": None if fetched_at is None else moment(fetched_at),
        "targets": [_row(row) for row in rows],
        "summary": {
            **{state.value: number for state, number in Counter(row.state for row in rows).items()},
            **({} if unmanaged is None else {"unmanaged": unmanaged}),
        },
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind.value,
        "branch": row.branch,
        "state": row.state.value,
        "reason": row.reason,
        "review": review_document(row.review),
        "commit": row.commit,
        "ahead": row.ahead,
        "behind": row.behind,
        "last_run": row.last.run if row.last else None,
        "last_outcome": row.last.verdict.value if row.last else None,
        "last_applied_at": row.last.applied_at if row.last else None,
        "last_changed_at": row.last.applied_at if row.last else None,
        "last_reason": row.last.reason if row.last else None,
        "collides": collisions(row.collides),
        "changed_by": [changed_by(path, by) for path, by in row.changed_by],
        "held": row.held,
        "orphans": [str(path) for path in row.orphans],
        "disagreement": row.disagrees,
    }
