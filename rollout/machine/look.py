"""Look at files without following links, and read them whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout.machine import files
from rollout.model.files import DIRECTORY, File, Obstacle, in_the_way, symlink

_MAX_FILE = 256 * 1024 * 1024


class OnDisk(Struct, frozen=True):
    """A plain file as it is on the disk."""

    content: bytes
    mode: int
    links: int
    identity: tuple[int, int]

    @property
    def executable(self) -> bool:
        return bool(self.mode & 0o100)


_NO_FOLDER = {errno.ENOTDIR, errno.ELOOP}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def opened(root: Path) -> Iterator[int]:
    """Open the folder below which we look at paths or change them."""
    descriptor = os.open(root, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def parent(root: Path, path: PurePosixPath, *, make: bool = False) -> Iterator[int]:
    """Open the folder that holds `path` below `root`; raise OSError (ELOOP, ENOTDIR, ENOENT) if it cannot be."""
    with opened(root) as top, _parent(top, path, make=make) as folder:
        yield folder


@contextmanager
def _parent(top: int, path: PurePosixPath, *, make: bool = False) -> Iterator[int]:
    """Open the folder that holds `path`, one folder at a time; the one at the top stays open."""
    descriptor = top
    try:
        for name in path.parts[:-1]:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o777, dir_fd=descriptor)
            inner = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            if descriptor != top:
                os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        if descriptor != top:
            os.close(descriptor)


def look(root: Path, path: PurePosixPath) -> OnDisk | Obstacle | None:
    """Return what is at `path`: a plain file, an obstacle, or nothing."""
    try:
        with opened(root) as top:
            return look_below(top, path)
    except OSError as error:
        return _out_of_reach(error)


def look_below(top: int, path: PurePosixPath) -> OnDisk | Obstacle | None:
    """Return what is at `path` below an open folder."""
    try:
        with _parent(top, path) as folder:
            return look_at(folder, path.name)
    except OSError as error:
        return _no_folder(top, path, error) if error.errno in _NO_FOLDER else _out_of_reach(error)


def _out_of_reach(error: OSError) -> Obstacle | None:
    if isinstance(error, FileNotFoundError):
        return None
    if error.errno in _NO_FOLDER:
        return in_the_way("behind a symlink or a file where a folder should be")
    return Obstacle(f"not readable ({error.strerror})")


def _no_folder(top: int, path: PurePosixPath, error: OSError) -> Obstacle | None:
    """Say which part of a path is no folder, in the words for a path in git; somebody may have moved it since."""
    for part in reversed(path.parents[:-1]):
        try:
            mode = os.stat(part, dir_fd=top, follow_symlinks=False).st_mode
        except OSError:
            break
        if stat.S_ISLNK(mode):
            return in_the_way(f"behind the symlink {part}")
        if not stat.S_ISDIR(mode):
            return in_the_way(f"below the file {part}")
    return _out_of_reach(error)


def look_at(folder: int, name: str) -> OnDisk | Obstacle | None:
    """Return what is at `name` in an open folder, without following a link or waiting for a pipe."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            with contextlib.suppress(OSError):
                return symlink(os.readlink(name, dir_fd=folder))
            return symlink("")
        if error.errno in {errno.ENXIO, errno.ENODEV}:
            return in_the_way("a socket or a device")
        return Obstacle(f"not readable ({error.strerror})")
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return DIRECTORY if stat.S_ISDIR(about.st_mode) else in_the_way(_kind(about.st_mode))
        if about.st_size > _MAX_FILE:
            return Obstacle("larger than 256 MiB")
        content = files.content(descriptor, size=about.st_size)
    finally:
        os.close(descriptor)
    return OnDisk(content, stat.S_IMODE(about.st_mode), about.st_nlink, (about.st_dev, about.st_ino))


def _kind(mode: int) -> str:
    return "a pipe" if stat.S_ISFIFO(mode) else "a device" if not stat.S_ISSOCK(mode) else "a socket"


def as_file(found: OnDisk | Obstacle | None) -> File | Obstacle | None:
    return File(found.content, found.executable) if isinstance(found, OnDisk) else found
