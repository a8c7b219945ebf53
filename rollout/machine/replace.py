"""Replace files one at a time, atomically, and only if they are what we expect.

No path is followed through a symlink: every folder on the way is opened by itself. A file is replaced by exchanging it
with the new one and then checking what came out, so a writer who was faster loses nothing.
"""

from __future__ import annotations

import contextlib
import os

from rollout.machine import file_access, waiting
from rollout.machine.file_access import FileAccess
from rollout.machine.renames import RENAMES

_JUST_PAST = 50_000_000  # nanoseconds; more than a tick of any kernel's clock
MOUNTED = "is a mount of its own, as in containers, and cannot be replaced; manage it where it is mounted from"
NO_EXCHANGE = "its file system cannot exchange two files in one step"
PART = ".part"  # the end of the name of a file that is still being written


class Changed(Exception):
    """Somebody else changed the file that we were about to replace; it is as they left it."""


def inode_at(folder: int, name: str) -> tuple[int, int] | None:
    """Return device and inode of whatever is at `name` in an open folder, or None for nothing."""
    try:
        about = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return about.st_dev, about.st_ino


def stage(folder: int, name: str, content: bytes, mode: int, like: int | FileAccess | None = None) -> str | None:
    """Write a new file under an unused name; `like`, an open file or what one had, gives owner, ACL and attributes.

    Returns in words what of an earlier access could not be given to it; it has fewer permissions then.

    It gets that name only when it is complete and on the disk: until then it is NAME.part, which nobody misses.
    """
    part = f"{name}{PART}"
    descriptor = os.open(
        part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
    )
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        refused = None
        if isinstance(like, FileAccess):
            mode, refused = _as_before(descriptor, like, mode)
        elif like is not None:
            _resemble(descriptor, like)
        os.fchmod(descriptor, mode)
        waiting.sync(descriptor)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part, dir_fd=folder)
        raise
    finally:
        os.close(descriptor)
    return refused


def _as_before(descriptor: int, before: FileAccess, mode: int) -> tuple[int, str | None]:
    """Give a new file the access that one had; return the permissions that are safe now, and what it lacks."""
    now = before.given_to(descriptor)
    mode, lacking = before.safe(mode, now), before.lacking(now)
    if not lacking:
        return mode, None
    what = " and its ".join(lacking)
    return mode, f"without its {what}, which the system does not let us give it; its permissions are {mode:04o}"


def backdate(folder: int, name: str) -> tuple[int, int]:
    """Set a staged file's time to a moment ago, and return its inode and that time in nanoseconds.

    Whoever writes into it from now on changes its time, however coarse the clock of the file system is.
    """
    about = os.stat(name, dir_fd=folder, follow_symlinks=False)
    past = about.st_mtime_ns - _JUST_PAST
    os.utime(name, ns=(about.st_atime_ns, past), dir_fd=folder, follow_symlinks=False)
    return about.st_ino, os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns


def _resemble(descriptor: int, like: int) -> None:
    """Give a new file the group, the ACL and the extended attributes of the one it replaces."""
    about, new = os.fstat(like), os.fstat(descriptor)
    if (about.st_uid, about.st_gid) != (new.st_uid, new.st_gid):
        file_access.give_owner(descriptor, about.st_uid, about.st_gid)
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(like):
                with contextlib.suppress(OSError):
                    os.setxattr(descriptor, name, os.getxattr(like, name))


def new_mode(executable: bool) -> int:
    """Return the permissions of a new file, as the person's umask wants them."""
    return (0o777 if executable else 0o666) & ~_UMASK


def kept_mode(mode: int, executable: bool) -> int:
    """Return a file's permissions with only the executable bits changed, wherever it can be read."""
    if not executable:
        return mode & ~0o111
    return mode if mode & 0o100 else mode | ((mode & 0o444) >> 2)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


_UMASK = _umask()  # read once at import: changing it for a moment would race with other threads


# Where nothing is said of another way.
exchange, take, put_new = RENAMES.exchange, RENAMES.take, RENAMES.put_new
