"""Find out who has a file open for writing, of our own processes and of those that we cannot see."""

from __future__ import annotations

import errno
import fcntl
import os
import signal

from rollout.machine import processes


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
