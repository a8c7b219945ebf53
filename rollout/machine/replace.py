"""Replace files one at a time, atomically, and only if they are what we expect.

No path is followed through a symlink: every folder on the way is opened by itself. A file is replaced by exchanging it
with the new one and then checking what came out, so a writer who was faster loses nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from functools import cache

from rollout.machine import waiting

_JUST_PAST = 50_000_000  # nanoseconds; more than a tick of any kernel's clock
_EXCHANGE = 2
_NOREPLACE = 1
_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}  # the errors for an unknown flag
MOUNTED = "is a mount of its own, as in containers, and cannot be replaced; manage it where it is mounted from"
NO_EXCHANGE = "its file system cannot exchange two files in one step"
PART = ".part"  # the end of the name of a file that is still being written


class Changed(Exception):
    """Somebody else changed the file that we were about to replace; it is as they left it."""


def identity_at(folder: int, name: str) -> tuple[int, int] | None:
    """Return device and inode of whatever is at `name` in an open folder, or None for nothing."""
    try:
        about = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return about.st_dev, about.st_ino


def stage(folder: int, name: str, content: bytes, mode: int, like: int | None = None) -> None:
    """Write a new file under an unused name; `like` gives owner, ACL and attributes.

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
        if like is not None:
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
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, about.st_uid, about.st_gid)
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


def exchange(from_folder: int, source: str, to_folder: int, destination: str) -> None:
    """Exchange two names in one step, whatever is there; raise OSError with ENOTSUP if the file system cannot.

    There is no second way: between two steps a reader would see the middle, and a kill would leave it.
    """
    number = _tried(from_folder, source, to_folder, destination, _EXCHANGE)
    if number in _UNKNOWN:
        number = errno.ENOTSUP
    if number:
        raise OSError(number, os.strerror(number), destination)


def take(from_folder: int, source: str, to_folder: int, scratch: str) -> None:
    """Move whatever has a name to another name, which nobody else can know: one step on every file system."""
    os.rename(source, scratch, src_dir_fd=from_folder, dst_dir_fd=to_folder)


def put_new(from_folder: int, source: str, to_folder: int, destination: str) -> None:
    """Give a file that only we know a name that nothing has yet; raise FileExistsError otherwise."""
    number = _tried(from_folder, source, to_folder, destination, _NOREPLACE)
    if number in _UNKNOWN:
        _put_new_by_link(from_folder, source, to_folder, destination)
    elif number:
        raise OSError(number, os.strerror(number), destination)


def _tried(from_folder: int, source: str, to_folder: int, destination: str, flags: int) -> int:
    """Return the error number, 0 for none."""
    import ctypes

    call = _system_call()
    if call is None:
        return errno.ENOSYS
    done = call(from_folder, os.fsencode(source), to_folder, os.fsencode(destination), flags)
    return 0 if done == 0 else ctypes.get_errno()


def _put_new_by_link(from_folder: int, source: str, to_folder: int, destination: str) -> None:
    """Use a link where the file system does not know the flag: a link replaces nothing, and nobody knows our name."""
    if stat.S_ISDIR(os.stat(source, dir_fd=from_folder, follow_symlinks=False).st_mode):
        _put_new_folder(from_folder, source, to_folder, destination)
        return
    os.link(source, destination, src_dir_fd=from_folder, dst_dir_fd=to_folder, follow_symlinks=False)
    os.unlink(source, dir_fd=from_folder)


def _put_new_folder(from_folder: int, source: str, to_folder: int, destination: str) -> None:
    """Rename a folder, which has no links: nothing but an empty folder can be replaced by one."""
    try:
        os.rename(source, destination, src_dir_fd=from_folder, dst_dir_fd=to_folder)
    except OSError as error:
        if error.errno in {errno.ENOTDIR, errno.ENOTEMPTY}:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), destination) from error
        raise


@cache
def _system_call() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """Return renameat2 or its equivalent on macOS, or None if the system has neither."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    darwin = os.uname().sysname == "Darwin"
    name = "renameatx_np" if darwin else "renameat2"
    call = getattr(library, name, None)
    if call is None:
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    flag = {_EXCHANGE: 2, _NOREPLACE: 4 if darwin else 1}  # macOS: RENAME_SWAP, RENAME_EXCL
    return lambda a, b, c, d, kind: int(call(a, b, c, d, flag[kind]))
