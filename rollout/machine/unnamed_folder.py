"""A folder that gets its name only when it is complete; until then it is unnamed, and locked while its run lives."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollout.machine.processes import runs


@contextmanager
def unnamed(place: Path, mark: str) -> Iterator[Path]:
    """Make an empty folder beside `place` for the block, and remove those that killed runs left there.

    The folder is locked as long as its process lives, which the kernel knows in every container. A process number, of
    which each container has its own, is only used where the file system supports no locks.
    """
    for left in place.parent.glob(f"{place.name}{mark}*"):
        if not _lives(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = place.with_name(f"{place.name}{mark}{os.getpid()}")
    try:
        folder.mkdir()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder.parent)) from error  # nobody knows its name
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor)
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)


def _lives(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return True  # not a folder, so not ours
    try:
        locked = _lock(descriptor)
    finally:
        os.close(descriptor)
    return runs(folder.name.rpartition(".")[2]) if locked is None else not locked


def _lock(descriptor: int) -> bool | None:
    """Lock a folder and tell whether it was free; None if nobody can tell."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
