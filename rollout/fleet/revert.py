"""Plan how to undo a run: each path that it changed goes back, unless somebody has changed it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from rollout.fleet.load import Loaded
from rollout.fleet.parts import Parts
from rollout.machine import clock
from rollout.model.inventory import Branch, Folder, Target, TargetKind
from rollout.model.outcomes import Outcome, PastRun, RunCommand
from rollout.model.own_writes import FolderWrites, RecordedWrite
from rollout.model.plan import State, Step
from rollout.model.reasons import Way, WayOut, said
from rollout.planning.holds import held
from rollout.rendering.formatters import Formatters
from rollout.targets.job import RevertRequest, Settings
from rollout.targets.past import pushed_by, step_back, taken_back
from rollout.work import threads


class TakingBack(Struct, frozen=True):
    """A run that is taken back, and what it and later ones wrote in folders.

    `reopen` proposes what a person declined, and beside a branch that a person took over.
    """

    past: PastRun
    writes: FolderWrites
    reopen: bool = False


def steps_back(
    what: TakingBack, targets: tuple[Target, ...], loaded: Loaded, settings: Settings, jobs: int
) -> tuple[Step, ...]:
    """Return a step for each target that the run changed."""
    past = what.past
    outcomes = {outcome.target: outcome for outcome in past.outcomes}
    found: dict[str, Step] = {}

    parts, formatters, rendering = Parts(loaded, settings), Formatters(), loaded.rendering

    def undo(target: Target) -> Step:
        wanted = parts.desired(target) if rendering.any_reads_files(target) else rendering.desired(target)
        back = RevertRequest(
            target, outcomes[target.name], past.run, formatters.over(wanted), what.reopen, _writes(what, target)
        )
        step = step_back(back, settings)
        also = past.command is RunCommand.REVERT and taken_back(target, past.run, settings)
        return replace(step, why=step.why.also(*_STILL_BACK.parts)) if also else step

    for target, step in threads.run(undo, targets, jobs):
        found[target.name] = held(step, target, clock.now()[:10])
    return tuple(found[target.name] for target in targets)


class Unrecorded(Struct, frozen=True):
    """What a run that was stopped had done and not recorded, and a step for each target where that is not known."""

    outcomes: tuple[Outcome, ...] = ()
    steps: tuple[Step, ...] = ()


def unrecorded(past: PastRun, loaded: Loaded, settings: Settings, jobs: int) -> Unrecorded:
    """Ask upstream what a run that never ended had pushed to targets of which it recorded nothing."""
    recorded = {outcome.target for outcome in past.outcomes if outcome.paths}
    asked = [target for target in loaded.chosen if target.name not in recorded] if past.exit_code is None else []
    found = [one for _, one in threads.run(lambda target: pushed_by(target, past.run, settings), asked, jobs)]
    outcomes = tuple(one for one in found if isinstance(one, Outcome))
    return Unrecorded(outcomes, tuple(one for one in found if isinstance(one, Step)))


def _writes(what: TakingBack, target: Target) -> Mapping[str, Sequence[RecordedWrite]]:
    return what.writes.get(target.name, {}) if target.kind is TargetKind.FOLDER else {}


def steps_of_taken_back(past: PastRun, loaded: Loaded, settings: Settings) -> tuple[Step, ...]:
    """Return a step, which cannot be carried out, for each target whose open proposal the run, a revert, took back.

    No template asks for what a revert would propose there: the template itself has to be released.
    """
    unwritten = {outcome.target for outcome in past.outcomes if not outcome.paths}
    asked = [target for target in loaded.chosen if target.name in unwritten]
    return tuple(_still_back(target) for target in asked if taken_back(target, past.run, settings))


_STILL_BACK = said("what was proposed and taken back stays on hold").also(WayOut(Way.RELEASE))


def _still_back(target: Target) -> Step:
    return Step(target.name, target.location, State.BLOCKED, _STILL_BACK, None)


def steps_of_gone(past: PastRun, loaded: Loaded, again: str) -> tuple[Step, ...]:
    """Return a step, which cannot be carried out, for each target that the run changed and the inventory lacks now.

    A limit that names a target of the run asks for that one alone. `again` is the command that reverts the run.
    """
    changed = [outcome for outcome in past.outcomes if outcome.paths]
    known = {target.name for target in loaded.inventory.targets}
    chosen = {target.name for target in loaded.chosen}
    if chosen != known and any(outcome.target in chosen for outcome in changed):
        return ()
    return tuple(_gone(outcome, again) for outcome in changed if outcome.target not in known)


def _gone(outcome: Outcome, again: str) -> Step:
    """Return a step without a place: a run remembers what it wrote, and not where."""
    nowhere = Folder(Path()) if outcome.kind is TargetKind.FOLDER else Branch(None, "", outcome.branch or "", None)
    why = f"it is not in the inventory under this name any more; name it there as before, then: {again}"
    return Step(outcome.target, nowhere, State.BLOCKED, said(why), None)
