"""Find out before a run that a shared folder, or a folder in it, cannot be written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.plan import Change, State, Step
from rollout.model.reasons import NONE, Said

_AS_WE_ARE = {"effective_ids": True} if os.access in os.supports_effective_ids else {}


def held_against_the_disk(step: Step, root: Path) -> Step:
    """Return the step: blocked if a folder that it writes to cannot be written."""
    faults = list(_faults(root, step.changes))
    if not faults or step.state is State.MISSING:
        return step
    why = step.why if step.state is State.BLOCKED else NONE
    return replace(step, state=State.BLOCKED, why=why.also(*map(Said, faults)))


def _faults(root: Path, changes: Iterable[Change]) -> Iterator[str]:
    written = (change.path for change in changes if change.action is not Action.ERROR and not change.idle)
    for folder in sorted({_nearest((root / path).parent) for path in written}):
        if not os.access(folder, os.W_OK | os.X_OK, **_AS_WE_ARE):
            yield f"the folder {folder} cannot be written ({_why_not(folder)})"


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there already."""
    return next(place for place in (folder, *folder.parents) if os.path.lexists(place))


def _why_not(folder: Path) -> str:
    read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    return os.strerror(errno.EROFS if read_only else errno.EACCES)
