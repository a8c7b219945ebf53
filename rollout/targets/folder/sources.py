"""A person's own templates and inventory, written as a shared folder is: whole, and only over what was read."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from rollout.errors import Busy, Refused
from rollout.machine import locks, state_folder
from rollout.machine.replace import MOUNTED, NO_EXCHANGE, Changed
from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.plan import Change
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.shared import SharedFolder
from rollout.targets.folder.write import FolderWriter

_AGAIN = "what others wrote is left as it is; run the command again"


def write(state: Path, root: Path, changes: Iterable[Change]) -> list[str]:
    """Write changes below a folder and return what a person should know; raise Refused where somebody was faster."""
    place = _place(state, root)
    with locks.locked(_lock(place), f"{root}: the folder"):
        writer = _writer(place, root)
        try:
            writer.write(changes)
        except Changed as error:
            raise Refused("; ".join((str(error), *writer.notes, _AGAIN))) from error
        except OSError as error:
            why = {errno.ENOTSUP: NO_EXCHANGE, errno.EBUSY: MOUNTED}.get(error.errno or 0, error.strerror)
            raise OSError(error.errno, why, str(error.filename or root)) from error
        shutil.rmtree(place, ignore_errors=True)  # all is settled, and what it says is of use to nobody
    return writer.notes


def rewrite(state: Path, path: Path, before: bytes, after: bytes) -> list[str]:
    """Write one file, wherever it really is, over what was read; as `write` does."""
    real = path.resolve()
    executable = bool(real.stat().st_mode & 0o100)
    change = Change(PurePosixPath(real.name), Action.UPDATE, "", File(before, executable), File(after, executable))
    return write(state, real.parent, [change])


def clear(state: Path, root: Path) -> list[str]:
    """Take away what a killed command left below a folder, giving back what is a person's; return what to tell."""
    place = _place(state, root)
    if not place.is_dir():
        return []
    try:
        with locks.locked(_lock(place), f"{root}: the folder"):
            writer = _writer(place, root)
            writer.clear()
            shutil.rmtree(place, ignore_errors=True)
    except Busy:
        return []  # it is at work
    return writer.notes


def _place(state: Path, root: Path) -> Path:
    name = state_folder.key(os.path.realpath(root))
    return state / "sources" / f"{state_folder.slug(root.name)}-{name}"


def _lock(place: Path) -> Path:
    return place.with_name(f"{place.name}.lock")


def _writer(place: Path, root: Path) -> FolderWriter:
    return FolderWriter(SharedFolder(root, FolderMemory(place / "record.json", place / "contents")), "")
