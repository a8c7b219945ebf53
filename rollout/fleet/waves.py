"""One wave after the other: the next begins when all before it is upstream, and the gate says yes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from rollout.fleet.gates import Gates
from rollout.model.outcomes import Outcome
from rollout.model.plan import Step
from rollout.model.reasons import Later, Reason
from rollout.planning import waves


class Waves(Struct, frozen=True):
    """The waves of a run: each target's wave, all steps, and the gates; `last` is the last wave to begin."""

    numbers: Mapping[str, int]
    steps: tuple[Step, ...]
    gates: Gates
    last: int | None = None

    def groups(
        self, steps: tuple[Step, ...], outcomes: Mapping[str, Outcome]
    ) -> Iterator[tuple[tuple[Step, ...], Reason | None]]:
        """Yield the steps of each wave, and why it may not begin; `outcomes` are those of the run so far."""
        why: Reason | None = None
        for number in sorted({self.numbers.get(step.target, 0) for step in steps}):
            why = why or self._obstacle(number, outcomes)
            yield tuple(step for step in steps if self.numbers.get(step.target, 0) == number), why

    def _obstacle(self, number: int, outcomes: Mapping[str, Outcome]) -> Reason | None:
        if self.last is not None and number > self.last:
            return Reason((Later(f"wave {number + 1} was not asked for (--wave {self.last + 1})"),))
        for earlier in range(number):
            members = [step for step in self.steps if self.numbers.get(step.target, 0) == earlier]
            found = ((step, outcomes.get(step.target)) for step in members)
            left = {s.target: waves.reviewed(s, outcome) for s, outcome in found if not waves.through(s, outcome)}
            if left:
                return waves.obstacle(self.gates.inventory.pace.waves[earlier], earlier, left)
            closed = self.gates.closed(earlier, [step.target for step in members])
            if closed is not None:
                return closed
        return None
