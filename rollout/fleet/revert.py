"""Plan how to undo a run: each path that it changed goes back, unless somebody has changed it since."""

from __future__ import annotations

from rollout.fleet.load import Loaded
from rollout.fleet.parts import Parts
from rollout.machine import clock
from rollout.model.inventory import Target
from rollout.model.outcomes import PastRun
from rollout.model.plan import Step
from rollout.planning.holds import held
from rollout.rendering.formatters import Formatters
from rollout.targets.job import RevertRequest, Settings
from rollout.targets.past import step_back
from rollout.work import threads


def steps_back(
    past: PastRun, targets: tuple[Target, ...], loaded: Loaded, settings: Settings, jobs: int, *, reopen: bool = False
) -> tuple[Step, ...]:
    """Return a step for each target that the run changed.

    `reopen` proposes what a person declined, and beside a branch that a person took over.
    """
    outcomes = {outcome.target: outcome for outcome in past.outcomes}
    found: dict[str, Step] = {}

    parts, formatters, rendering = Parts(loaded, settings), Formatters(), loaded.rendering

    def undo(target: Target) -> Step:
        wanted = parts.desired(target) if rendering.any_reads_files(target) else rendering.desired(target)
        back = RevertRequest(target, outcomes[target.name], past.run, formatters.over(wanted), reopen)
        return step_back(back, settings)

    for target, step in threads.run(undo, targets, jobs):
        found[target.name] = held(step, target, clock.now()[:10])
    return tuple(found[target.name] for target in targets)
