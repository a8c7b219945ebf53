"""Repositories made once and put down again: git makes the same of the same files, at a fixed date."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Files = Mapping[str, str | bytes]

_Tree = Sequence[tuple[str, int, bytes | None]]  # path, permissions, content; a folder has none
_ADDRESS = b"/the/address/of/the/remote"
_OTHERS = ("HEAD", "packed-refs", "config")  # what beside its refs decides what a clone is
_made: dict[object, _Tree] = {}


def empty(bare: Path, branch: str, make: Callable[[], object]) -> None:
    """Put down a bare repository without a commit."""
    _again(("empty", branch, _settings()), bare, make)


def remote(bare: Path, files: Files, branch: str, make: Callable[[], object]) -> None:
    """Put down a bare repository of one commit."""
    _again(("remote", branch, tuple(files.items()), _settings()), bare, make)


def clone(bare: Path, top: Path, branch: str, make: Callable[[], object]) -> None:
    """Put down a clone of a repository that has the same commits on the same branches as one before."""
    refs = sorted(file for file in (bare / "refs").rglob("*") if file.is_file())
    said = [
        (str(file.relative_to(bare)), file.read_bytes())
        for file in (*refs, *(bare / name for name in _OTHERS))
        if file.is_file()
    ]
    odd = any((bare / place).exists() for place in ("shallow", "objects/info/alternates", "worktrees"))
    if odd or top.exists() or b"objectformat" in (bare / "config").read_bytes().lower():
        make()
    elif _again(("clone", branch, tuple(said), _settings()), top, make, str(bare).encode()):
        _look_at_files(top)


def _settings() -> object:
    """Return what decides about a new repository beside its files."""
    settings = Path(os.environ["GIT_CONFIG_GLOBAL"]).read_text()
    given = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY", "GIT_CONFIG_VALUE")
    return settings, tuple(sorted(item for item in os.environ.items() if item[0].startswith(given)))


def _again(key: object, top: Path, make: Callable[[], object], address: bytes = _ADDRESS) -> bool:
    """Tell whether it was there already."""
    if known := key in _made:
        _put(_made[key], top, address)
    else:
        make()
        if not any(path.is_symlink() for path in top.rglob("*")):
            _made[key] = _kept(top, address)
    return known


def _kept(top: Path, address: bytes) -> _Tree:
    return [
        (
            str(path.relative_to(top)),
            path.stat().st_mode & 0o777,
            None if path.is_dir() else path.read_bytes().replace(address, _ADDRESS),
        )
        for path in sorted(top.rglob("*"))
        if path.suffix != ".sample"  # a dozen hooks that nothing runs
    ]


def _put(tree: _Tree, top: Path, address: bytes) -> None:
    top.mkdir(parents=True)
    for path, permissions, content in tree:
        if content is None:
            (top / path).mkdir()
        else:
            (top / path).write_bytes(content.replace(_ADDRESS, address))
        (top / path).chmod(permissions)


_ENTRY = struct.Struct(">10I20sH")  # times, device, inode, mode, owner, size, id, and the length of the name


def _look_at_files(top: Path) -> None:
    """Write into the index how the files look now, as `git update-index --refresh` does."""
    file = top / ".git/index"
    if not file.exists():
        return  # a clone of nothing
    content = bytearray(file.read_bytes())
    version, count = struct.unpack(">4xII", content[:12])
    assert version == 2
    assert b"objectformat" not in (top / ".git/config").read_bytes().lower()  # ids of twenty bytes
    at = 12
    for _ in range(count):
        *_, mode, _, _, _, name_id, length = _ENTRY.unpack_from(content, at)
        path = content[at + _ENTRY.size : at + _ENTRY.size + length]
        look = (top / os.fsdecode(bytes(path))).lstat()
        seconds = (*divmod(look.st_ctime_ns, 10**9), *divmod(look.st_mtime_ns, 10**9))
        about = (look.st_dev, look.st_ino, mode, look.st_uid, look.st_gid, look.st_size)
        _ENTRY.pack_into(content, at, *(number & 0xFFFFFFFF for number in (*seconds, *about)), name_id, length)
        at += (_ENTRY.size + length + 8) & ~7
    file.write_bytes(content[:-20] + hashlib.sha1(content[:-20], usedforsecurity=False).digest())
