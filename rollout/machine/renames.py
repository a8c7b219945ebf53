"""Give files other names in one step, whatever somebody else does with these names meanwhile."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from functools import cache

from msgspec import Struct

_EXCHANGE = 2
_NOREPLACE = 1
_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}  # the errors for an unknown flag

SystemCall = Callable[[int, bytes, int, bytes, int], int]


@cache
def system_call() -> SystemCall | None:
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


class Renames(Struct, frozen=True):
    """The renames of this machine; where its kernel has no call for them, a link is the next best."""

    system_call: Callable[[], SystemCall | None] = system_call

    def exchange(self, from_folder: int, source: str, to_folder: int, destination: str) -> None:
        """Exchange two names in one step, whatever is there; raise OSError with ENOTSUP if the file system cannot.

        There is no second way: between two steps a reader would see the middle, and a kill would leave it.
        """
        number = self._tried(from_folder, source, to_folder, destination, _EXCHANGE)
        if number in _UNKNOWN:
            number = errno.ENOTSUP
        if number:
            raise OSError(number, os.strerror(number), destination)

    def take(self, from_folder: int, source: str, to_folder: int, scratch: str) -> None:
        """Move whatever has a name to another name, which nobody else can know: one step on every file system."""
        os.rename(source, scratch, src_dir_fd=from_folder, dst_dir_fd=to_folder)

    def put_new(self, from_folder: int, source: str, to_folder: int, destination: str) -> None:
        """Give a file that only we know a name that nothing has yet; raise FileExistsError otherwise."""
        number = self._tried(from_folder, source, to_folder, destination, _NOREPLACE)
        if number in _UNKNOWN:
            _put_new_by_link(from_folder, source, to_folder, destination)
        elif number:
            raise OSError(number, os.strerror(number), destination)

    def _tried(self, from_folder: int, source: str, to_folder: int, destination: str, flags: int) -> int:
        """Return the error number, 0 for none."""
        import ctypes

        call = self.system_call()
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


RENAMES = Renames()
