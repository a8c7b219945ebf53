"""Write the steps of a plan, and turn each into an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Event, Lock
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.model.outcomes import Outcome, Run, Verdict
from rollout.model.plan import Step
from rollout.model.reasons import Reason, said
from rollout.objects.messages import CommitWords
from rollout.planning import needs
from rollout.planning.writable import FAILED
from rollout.targets.job import Job, Settings
from rollout.targets.units import WRITING
from rollout.work.executors import Executor

if TYPE_CHECKING:
    from rollout.fleet.waves import Waves


class Order(Struct, frozen=True):
    """How to write the steps of a run; after `most_failures` failures no further one begins."""

    run: Run
    settings: Settings
    words: CommitWords
    most_failures: int | None = None
    waves: Waves | None = None


def write(
    steps: tuple[Step, ...], order: Order, executor: Executor, stop: Event, begun: Callable[[Step], None]
) -> Iterator[tuple[Step, Outcome]]:
    """Write the steps, yielding each outcome as it comes; call `begun` when a step begins.

    After `stop`, or too many failures, no further step begins; those in work run to their end.
    """
    failures = _Failures(order.most_failures)
    outcomes: dict[str, Outcome] = {}

    def work(group: Iterable[Step]) -> Iterator[Job]:
        for step in group:
            if failures.enough:
                return
            begun(step)
            yield Job(step, order.run, order.settings, order.words)

    def write_one(job: Job) -> Outcome:
        return _not_started(job.step, said(failures.words)) if failures.enough else failures.noted(WRITING.here(job))

    def write_wave(wave: tuple[Step, ...]) -> Iterator[tuple[Step, Outcome]]:
        for group in needs.in_order(wave):
            yield from write_group(group)

    def write_group(group: tuple[Step, ...]) -> Iterator[tuple[Step, Outcome]]:
        unmet = {step.target: why for step in group if (why := needs.unmet(step, outcomes))}
        ready = [step for step in group if step.target not in unmet]
        for job, outcome in executor.run(replace(WRITING, here=write_one), work(ready), stop):
            outcomes[job.step.target] = failures.noted(outcome)
            yield job.step, outcome
        for step in group:
            if step.target not in outcomes:
                why = unmet.get(step.target) or said(failures.words if failures.enough else "interrupted")
                outcomes[step.target] = _not_started(step, why)
                yield step, outcomes[step.target]

    waves = order.waves.groups(steps, outcomes) if order.waves is not None else iter([(steps, None)])
    for wave, obstacle in waves:
        if obstacle is None:
            yield from write_wave(wave)
            continue
        for step in wave:
            outcomes[step.target] = _not_started(step, obstacle)
            yield step, outcomes[step.target]


def _not_started(step: Step, why: Reason) -> Outcome:
    return Outcome(step.target, Verdict.NOT_STARTED, why, step.base, None, 0, step.kind, step.branch)


class _Failures(Struct):
    """The names of the targets that failed, and how many may fail; None is no limit. A name may be added twice."""

    most: int | None
    seen: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    @property
    def enough(self) -> bool:
        return self.most is not None and len(self.seen) >= self.most

    @property
    def words(self) -> str:
        return f"stopped after {self.most} failure{'s' * (self.most != 1)} (--max-failures)"

    def noted(self, outcome: Outcome) -> Outcome:
        if outcome.verdict in FAILED:
            with self.lock:
                self.seen.add(outcome.target)
        return outcome
