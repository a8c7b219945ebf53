"""What rollout did to a target before, whether branch or folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TypeVar, assert_never

from rollout.errors import GitError
from rollout.model.inventory import Branch, Folder, Target
from rollout.model.outcomes import Outcome, WrittenPath
from rollout.model.plan import State, Step
from rollout.model.reasons import said
from rollout.remote import upstream
from rollout.safety.faults import first_line
from rollout.targets import signing
from rollout.targets.branch.past import (
    branch_history,
    branch_pushed_by,
    branch_step,
    branch_taken_back,
    in_proposal,
    proposal_remembered,
)
from rollout.targets.folder import memory
from rollout.targets.folder.past import folder_step
from rollout.targets.folder.snapshot import changed_since
from rollout.targets.job import Remembered, RevertRequest, Settings, Unfit

T = TypeVar("T")


def history(target: Target, path: PurePosixPath, settings: Settings) -> tuple[str | None, tuple[str, ...]]:
    match target.location:
        case Branch() as where:
            return branch_history(target, where, path, settings)
        case Folder(root):
            changed = changed_since(root, path, memory.memory(settings.state, root))
            return None, (("somebody, on disk",) if changed else ())
        case never:
            assert_never(never)


def remembered(target: Target, settings: Settings) -> Remembered:
    """Return what is remembered of a target's proposal; contact nobody, and hold nothing."""
    match target.location:
        case Branch() as where:
            return proposal_remembered(target.name, where, settings)
        case Folder():
            return Remembered(looked=True)
        case never:
            assert_never(never)


def taken_back(target: Target, run: str, settings: Settings) -> list[PurePosixPath]:
    """Return what a run took out of a target's proposal, as far as that is on hold since."""
    match target.location:
        case Branch() as where:
            return branch_taken_back(target.name, where, run, settings)
        case Folder():
            return []
        case never:
            assert_never(never)


def pushed_by(target: Target, run: str, settings: Settings) -> Outcome | Step | None:
    """Return what a run that was stopped did to a target and had not recorded, or the step that says why not."""
    match target.location:
        case Branch() as where:
            return _or_why(target, lambda: branch_pushed_by(target.name, where, run, settings))
        case Folder():
            return None
        case never:
            assert_never(never)


def proposed_paths(step: Step, settings: Settings) -> tuple[WrittenPath, ...]:
    """Return what the commit of a step's proposal changes; raise GitError if it cannot be read."""
    try:
        return in_proposal(step, settings)
    except Unfit as error:
        raise GitError(error.why.text) from error


def step_back(back: RevertRequest, settings: Settings) -> Step:
    """Return the step that undoes what a run did to a target."""
    match back.target.location:
        case Branch() as where:
            return _or_why(back.target, lambda: branch_step(back, where, signing.with_identity(settings, where)))
        case Folder() as folder:
            return _or_why(back.target, lambda: folder_step(back, folder, settings))
        case never:
            assert_never(never)


def _or_why(target: Target, look: Callable[[], T]) -> T | Step:
    """Return what is found; whatever prevents that becomes a step's state and reason."""
    try:
        return look()
    except Unfit as error:
        return Step(target.name, target.location, error.state, error.why, None)
    except upstream.Unreachable as error:
        return Step(target.name, target.location, State.UNREACHABLE, said(first_line(str(error))), None)
    except (GitError, OSError) as error:
        return Step(target.name, target.location, State.BLOCKED, said(first_line(str(error))), None)
