"""Runs as the page's timeline shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from rollout.model.outcomes import CHANGED, Outcome, PastRun, Verdict
from rollout.showing.page.contents import RunShown, SameOutcome

_NAMED = 12  # targets to name for one outcome
_ENDS = {0: "done", 1: "failed", 3: "partly done", 4: "refused", 5: "refused", 130: "interrupted", 143: "interrupted"}


def timeline(runs: Sequence[PastRun]) -> tuple[RunShown, ...]:
    """Return the runs for the timeline, in the order given."""
    return tuple(map(_shown, runs))


def _shown(run: PastRun) -> RunShown:
    counts = Counter(outcome.verdict for outcome in run.outcomes)
    return RunShown(
        run=run.run,
        command=run.command,
        subject=run.subject,
        started_at=run.started_at,
        ended=_ended(run),
        took=_took(run),
        counts=tuple((verdict.value, counts[verdict]) for verdict in Verdict if counts[verdict]),
        happened=tuple(_happened(run.outcomes)),
    )


def _ended(run: PastRun) -> str:
    if run.at_work:
        return "at work"
    if run.exit_code == 3 and not any(outcome.verdict in CHANGED for outcome in run.outcomes):
        return "nothing done"
    return "interrupted" if run.exit_code is None else _ENDS.get(run.exit_code, f"exit {run.exit_code}")


def _took(run: PastRun) -> str:
    if run.finished_at is None:
        return ""
    seconds = (datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    return f"{max(seconds, 0):.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _happened(outcomes: Sequence[Outcome]) -> list[SameOutcome]:
    """Return outcomes grouped by result and reason; unchanged targets are only counted."""
    found: dict[tuple[int, Verdict, str], list[str]] = {}
    for outcome in outcomes:
        if outcome.verdict is not Verdict.UNCHANGED or outcome.reason:
            key = (list(Verdict).index(outcome.verdict), outcome.verdict, outcome.reason)
            found.setdefault(key, []).append(outcome.target)
    return [
        SameOutcome(verdict.value, reason, tuple(names[:_NAMED]), max(len(names) - _NAMED, 0))
        for (_, verdict, reason), names in sorted(found.items())
    ]
