"""Plan how to undo a run: each path that it changed goes back, unless somebody has changed it since."""

from __future__ import annotations

from rollout.fleet.load import Loaded
from rollout.model.inventory import Target
from rollout.model.outcomes import PastRun
from rollout.model.plan import Step
from rollout.targets.job import Settings
from rollout.targets.past import step_back
from rollout.work import threads


def steps_back(
    past: PastRun, targets: tuple[Target, ...], loaded: Loaded, settings: Settings, jobs: int
) -> tuple[Step, ...]:
    """Return a step for each target that the run changed."""
    outcomes = {outcome.target: outcome for outcome in past.outcomes}
    found: dict[str, Step] = {}

    def undo(target: Target) -> Step:
        return step_back(target, outcomes[target.name], settings)

    for target, step in threads.run(undo, targets, jobs):
        found[target.name] = step
    return tuple(found[target.name] for target in targets)
