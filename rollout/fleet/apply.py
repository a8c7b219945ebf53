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
from rollout.work.threads import nothing

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
    steps: tuple[Step, ...],
    order: Order,
    executor: Executor,
    stop: Event,
    begun: Callable[[Step], None],
    idle: Callable[[], None] = nothing,
) -> Iterator[tuple[Step, Outcome]]:
    """Write the steps, yielding each outcome as it comes; call `begun` when a step begins, `idle` while none ends.

    After `stop`, or too many failures, no further step begins; those in work run to their end.
    """
    writing = _Writing(order, executor, stop, begun, idle, _Failures(order.most_failures))
    waves = order.waves.groups(steps, writing.outcomes) if order.waves is not None else iter([(steps, None)])
    for wave, obstacle in waves:
        if obstacle is None:
            yield from writing.wave(wave)
        else:
            yield from writing.not_started([(step, obstacle) for step in wave])


class _Writing(Struct, frozen=True):
    """A run that writes steps, and the outcomes so far by target."""

    order: Order
    executor: Executor
    stop: Event
    begun: Callable[[Step], None]
    idle: Callable[[], None]
    failures: _Failures
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def wave(self, steps: tuple[Step, ...]) -> Iterator[tuple[Step, Outcome]]:
        for group in needs.in_order(steps):
            yield from self._group(group)

    def _group(self, group: tuple[Step, ...]) -> Iterator[tuple[Step, Outcome]]:
        """Write the steps of a group whose needs are met; the others, and those that did not begin, come last."""
        unmet = {step.target: why for step in group if (why := needs.unmet(step, self.outcomes))}
        ready = [step for step in group if step.target not in unmet]
        work = replace(WRITING, here=self._one, idle=self.idle)
        for job, outcome in self.executor.run(work, self._jobs(ready), self.stop):
            self.outcomes[job.step.target] = self.failures.noted(outcome)
            yield job.step, outcome
        left = [step for step in group if step.target not in self.outcomes]
        yield from self.not_started([(step, unmet.get(step.target) or self._why_no_more()) for step in left])

    def _jobs(self, steps: Iterable[Step]) -> Iterator[Job]:
        for step in steps:
            if self.failures.enough:
                return
            self.begun(step)
            yield Job(step, self.order.run, self.order.settings, self.order.words)

    def _one(self, job: Job) -> Outcome:
        if self.failures.enough:
            return _not_started(job.step, said(self.failures.words))
        return self.failures.noted(WRITING.here(job))

    def _why_no_more(self) -> Reason:
        return said(self.failures.words if self.failures.enough else "interrupted")

    def not_started(self, left: Iterable[tuple[Step, Reason]]) -> Iterator[tuple[Step, Outcome]]:
        for step, why in left:
            self.outcomes[step.target] = _not_started(step, why)
            yield step, self.outcomes[step.target]


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
