"""Find out who has a file open for writing, of our own processes and of those that we cannot see."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterable
from pathlib import Path

from rollout.machine import processes
from rollout.machine.processes import Inode


def writer(folder: int, name: str, probe: str) -> str | None:
    """Name who has a file of an open folder open for writing, "somebody" if that is a process that we cannot see.

    `probe` is an unused name in the folder: a file by that name shows for a moment what this file system can tell.
    """
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    try:
        about = os.fstat(descriptor)
        if _is_open_for_writing(descriptor) is False:
            return None
        identity = (about.st_dev, about.st_ino)
        return processes.writers([identity]).get(identity) or _unseen(folder, probe)
    finally:
        os.close(descriptor)


def writers(files: Iterable[Path]) -> dict[Inode, str]:
    """Return which files are open for writing, each with the name of a process, as far as /proc shows.

    The kernel mostly says at once that nobody writes into a file: a look at every process takes a hundred times longer.
    """
    found = ((file, os.lstat(file)) for file in files)
    left = {(about.st_dev, about.st_ino) for file, about in found if not _is_let_go(file, about)}
    return processes.writers(left)


def _is_let_go(file: Path, about: os.stat_result) -> bool:
    """Tell whether the kernel knows that nobody has a file open for writing."""
    if not stat.S_ISREG(about.st_mode):
        return False
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        same = os.path.samestat(os.fstat(descriptor), about)
        return same and _is_open_for_writing(descriptor) is False
    finally:
        os.close(descriptor)


def _unseen(folder: int, probe: str) -> str | None:
    """Return "somebody" if a writer that we cannot see has the file open.

    None if this file system never says that nobody has a file open.
    """
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    os.close(descriptor)
    descriptor = os.open(probe, os.O_RDONLY, dir_fd=folder)
    try:
        return "somebody" if _is_open_for_writing(descriptor) is False else None
    finally:
        os.close(descriptor)
        os.unlink(probe, dir_fd=folder)


def _is_open_for_writing(descriptor: int) -> bool | None:
    """Ask the kernel whether a file is open for writing anywhere, by anybody; None if it cannot say.

    It grants a lease only on a file that nobody writes into, be it through a map of it in memory.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # if the lease is broken: a signal that ends nobody
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    return False
