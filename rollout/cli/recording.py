"""Record outcomes in the ledger and report them as they come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from rollout.cli.session import Session
from rollout.ledger.ledger import Ledger
from rollout.ledger.queries import LedgerError
from rollout.machine import clock
from rollout.model.outcomes import Outcome, Run, Verdict
from rollout.model.plan import Step
from rollout.model.plan_document import review_document
from rollout.showing import plans
from rollout.showing.outcomes import outcome_line

_BURST = 0.25  # outcomes within so many seconds are recorded together


class Recording(Struct):
    """Record outcomes and then show them: each at once, but a burst of them together.

    A record that survives a power cut takes as long as a push; one for each outcome would slow a large run down.
    """

    at: Session
    book: Ledger
    run: Run
    waiting: list[Outcome] = field(default_factory=list)
    recorded: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.waiting.append(outcome)
        if outcome.verdict is not Verdict.NOT_STARTED:
            self.flush_when_due()

    def flush_when_due(self) -> None:
        """Record what waits, unless others were recorded just now; to be called until nothing waits any more."""
        if time.monotonic() - self.recorded >= _BURST:
            self.flush()

    def flush(self) -> None:
        outcomes, self.waiting = self.waiting, []
        if not outcomes:
            return
        try:
            self.book.record_all(self.run, outcomes)
        except LedgerError as error:
            for outcome in outcomes:
                text = f"{outcome.target}: {outcome.verdict}, but it could not be recorded: {error}"
                self.at.screen.say(f"rollout: {text}")
            self.at.interrupt.stop.set()
        for outcome in outcomes:
            tell(self.at, self.run, outcome)
        self.recorded = time.monotonic()


def diagnostics(steps: Iterable[Step]) -> Iterator[dict[str, str]]:
    for step in steps:
        for path in step.orphans:
            yield {"severity": "warning", "code": "orphan", "target": step.target, "path": str(path),
                   "message": f"{path}: {plans.UNNAMED}"}  # fmt: skip
        for warning in step.warnings:
            yield {"severity": "warning", "code": "warning", "target": step.target, "message": warning}


def tell(at: Session, run: Run, outcome: Outcome) -> None:
    if at.options.json:
        reason = outcome.told
        at.screen.event(
            type="target_done",
            run=run.id,
            time=clock.now(),
            target=outcome.target,
            outcome=outcome.verdict.value,
            reason=reason,
            base=outcome.base,
            commit=outcome.commit,
            duration_ms=outcome.duration_ms,
            review=review_document(outcome.review),
            review_act=outcome.review_act,
        )
    elif outcome.verdict is not Verdict.UNCHANGED or at.options.verbose:
        at.screen.note(outcome_line(outcome, lambda text, _style: text))
