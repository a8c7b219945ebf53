"""Rollout's own files: never inside a target, readable by their owner only."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rollout.machine import waiting


def folder(path: Path) -> None:
    """Make a folder of our own if it is missing; raise OSError that names what is in its place."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (FileExistsError, NotADirectoryError) as error:
        odd = next((place for place in (path, *path.parents) if os.path.lexists(place) and not place.is_dir()), path)
        reason = "is not a folder; move it away and rollout will make a new one"
        raise NotADirectoryError(errno.ENOTDIR, reason, str(odd)) from error


def scratch(folder: Path, prefix: str) -> tuple[int, str]:
    """Make an empty file, readable by us only, beside the one it will replace; return its descriptor and path."""
    name = os.path.join(folder, f"{prefix}{os.urandom(8).hex()}")
    try:
        return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), name
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error  # nobody knows the name


def write_whole(path: Path, content: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """Put a file of our own in place atomically."""
    folder(path.parent)
    descriptor, name = scratch(path.parent, ".rollout-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            if durable:
                waiting.sync(file.fileno())
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            way_out = "; move it away and rollout will make a new one" if isinstance(error, IsADirectoryError) else ""
            raise OSError(error.errno, f"{error.strerror}{way_out}", str(path)) from error
        raise
    if durable:
        sync_folder(path.parent)


def write_named(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file that a person named; a device, a pipe and a link stay what they are, and are written through."""
    if not path.is_symlink() and (path.is_file() or path.is_dir() or not path.exists()):
        write_whole(path, content, mode)
        return
    with path.open("wb") as file:
        file.write(content)


def sync_folder(path: Path) -> None:
    with _opened_folder(path) as descriptor:
        waiting.sync(descriptor)


def sync_all(path: Path) -> None:
    """Sync the whole file system of a folder: syncing many files one by one takes longer."""
    with _opened_folder(path) as descriptor:
        waiting.sync_all(descriptor)


@contextmanager
def _opened_folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read(path: Path | str) -> bytes:
    """Return a small file's bytes: making a file object would double the time.

    It does not wait for a pipe that is where the file should be.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return content(descriptor)
    finally:
        os.close(descriptor)


_DESCRIPTORS = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")  # how the shell names what it opened for us


def read_named(path: Path, most: int = 1 << 40, *, streams: bool = False) -> bytes:
    """Return the bytes of a file that a person named; raise OSError for a pipe, a socket or a device.

    With `streams` a pipe may be read that the shell opened for this command, as `<(COMMAND)` or /dev/stdin.
    """
    given = streams and str(path).startswith(_DESCRIPTORS)
    kind = None if given else _no_file(path.stat().st_mode)  # looked at before it is opened: that can have effects
    if kind is None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if given else os.O_NONBLOCK))
        try:
            kind = None if given else _no_file(os.fstat(descriptor).st_mode)
            if kind is None:
                return content(descriptor, most)
        finally:
            os.close(descriptor)
    raise OSError(errno.EINVAL, f"is {kind}, and not a plain file", str(path))


def _no_file(mode: int) -> str | None:
    """Return what stands there if reading it could take forever or change something."""
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode))


def content(descriptor: int, most: int = 1 << 40, size: int | None = None) -> bytes:
    """Return up to `most` bytes of an open file from its present position.

    `size` is the length that the file is said to have. A short read is the end of the file only if that agrees: there
    may be a part that cannot be read.
    """
    piece = os.read(descriptor, min(most, 1 << 16))
    if not piece or (len(piece) == size and len(piece) < min(most, 1 << 16)):
        return piece
    pieces, left = [piece], most - len(piece)
    while left > 0:
        wanted = min(left, 1 << 16)
        piece = os.read(descriptor, wanted)
        left -= len(piece)
        pieces.append(piece)
        if not piece or (len(piece) < wanted and most - left == size):
            break
    return b"".join(pieces)


def read_json(path: Path) -> dict[str, Any]:
    """Return one of our own JSON files; a missing or damaged one is empty, because all of them can be made again."""
    try:
        return json_in(read(path))
    except OSError:
        return {}


def json_in(content: bytes) -> dict[str, Any]:
    """Return what is in one of our own JSON files; nothing if it is damaged."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
