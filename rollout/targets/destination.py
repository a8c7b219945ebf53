"""The port: look at a target to get its step, write a step to get its outcome, whether branch or folder.

A bug of ours affects only the target where it happens. During a look it becomes the reason why the target is blocked;
during a write it also shows its traceback. What looks in full and what writes is loaded when a target needs it: most
runs find nothing to do at a glance.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import assert_never

from msgspec.structs import replace

from rollout.checkout.leftovers import nothing_left
from rollout.errors import RolloutError
from rollout.model.inventory import Branch, Folder, Target
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import State, Step
from rollout.model.reasons import said
from rollout.safety import faults
from rollout.safety.shown import redact
from rollout.targets.branch.glance import Glanced, glance_at_branch
from rollout.targets.job import Glance, Heard, Job, Look, OneRemote, Settings

__all__ = ["Glance", "Glanced", "Job", "Look", "Settings", "clear", "glance", "observe", "write"]


def glance(look: Glance) -> Glanced:
    """Return the step of a target that is as we remember it, or what we heard from its remote."""
    try:
        return _glance(look)
    except RolloutError:
        raise
    except Exception as error:
        sys.stderr.write(f"rollout: {look.target.name}: {faults.in_words(error)}\n")
        return Glanced()  # it is looked at in full


def _glance(look: Glance) -> Glanced:
    match look.target.location:
        case Branch():
            return glance_at_branch(look)
        case Folder():
            return Glanced()
        case _:
            assert_never(look.target.location)


def ask_once(there: OneRemote) -> dict[str, Heard]:
    """Return what a remote that several targets have says of each of them."""
    from rollout.targets.branch import one_remote

    return one_remote.ask_once(there)


def load(targets: Iterable[Target]) -> None:
    """Load what looks at these targets in full, while something else starts."""
    if any(isinstance(target.location, Branch) for target in targets):
        from rollout.targets import signing  # noqa: F401
        from rollout.targets.branch import observe  # noqa: F401


def observe(look: Look) -> Step:
    """Return the step of one target; whatever prevents a look becomes its reason, never a traceback."""
    try:
        return _observe(look)
    except RolloutError:
        raise
    except Exception as error:
        return Step(look.target.name, look.target.location, State.BLOCKED, said(faults.in_words(error)), None)


def _observe(look: Look) -> Step:
    match look.target.location:
        case Branch():
            from rollout.targets import signing
            from rollout.targets.branch.observe import observe_branch

            return observe_branch(replace(look, settings=signing.with_identity(look.settings, look.target.location)))
        case Folder():
            from rollout.targets.folder import folder

            return folder.observe(look.target, look.desired, look.settings, look.decisions)
        case _:
            assert_never(look.target.location)


def clear(target: Target, state: Path) -> list[str]:
    """Clear up what a killed run left at a target, giving people's files back; return what to say about it."""
    match target.location:
        case Branch(checkout=Path() as checkout):
            if nothing_left(checkout):
                return []
            from rollout.checkout.moving import rescue

            return rescue.clear(checkout)
        case Branch():
            return []
        case Folder():
            from rollout.targets.folder import folder

            return folder.clear(target.location, state)
        case _:
            assert_never(target.location)


def write(job: Job) -> Outcome:
    """Carry out one step and return what came of it."""
    step = job.step
    try:
        return _write(job)
    except Exception as error:
        reason = f"{_own_fault(step.target, error)}; run it again: the next run finds out what happened"
        return Outcome(step.target, Verdict.FAILED, said(reason), step.base, None, 0, step.kind, step.branch)


def _own_fault(target: str, error: Exception) -> str:
    """Show the traceback of a bug of ours and return it in one line; let through what a person can fix."""
    if isinstance(error, RolloutError):
        raise error
    import traceback

    sys.stderr.write(redact(f"rollout: {target}: {traceback.format_exc()}"))
    return redact(f"a fault of rollout's own: {type(error).__name__}: {error}")


def _write(job: Job) -> Outcome:
    match job.step.location:
        case Branch():
            from rollout.targets import signing
            from rollout.targets.branch import publish

            return publish.write(replace(job, settings=signing.with_identity(job.settings, job.step.location)))
        case Folder():
            from rollout.targets.folder import folder

            return folder.write(job)
        case _:
            assert_never(job.step.location)
