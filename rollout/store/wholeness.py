"""Check that a store is a valid repository, and put a new one in its place, complete at once."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from rollout.machine import files as places_files
from rollout.machine.files import read, write_whole
from rollout.objects.ids import ID

_FOLDERS = ("objects/info", "objects/pack", "refs/heads", "refs/rollout")
_REFS = ("refs/rollout/pending", "refs/rollout/upstream")
_PARTS = {"objects", "refs", "pending", "upstream"}
_OLD = ".old-"
_HEAD = b"ref: refs/heads/none\n"


def is_whole(place: Path) -> bool:
    """Tell whether nothing is missing, odd or in the way, without looking at objects."""
    try:
        head = read(f"{place}/HEAD")
        refs = [name for name in _REFS if os.path.lexists(f"{place}/{name}")]
        files = [file for name in (".", *_FOLDERS, *refs) for file in _files(f"{place}/{name}")]
    except OSError:
        return False
    shallow = _shallow(place)
    return head == _HEAD and all(files) and (shallow is None or (bool(shallow) and all(map(_is_id, shallow))))


def _files(folder: str) -> Iterable[bool]:
    """Tell whether each entry of a folder that has to be a file is one."""
    with os.scandir(folder) as entries:
        return [
            entry.is_file(follow_symlinks=False) for entry in entries if entry.name not in _PARTS or not entry.is_dir()
        ]


def has_indexes(place: Path) -> bool:
    """Tell whether each pack has its index, and each index its pack, and none is empty; a copy may lack one."""
    stems: dict[str, set[str]] = {"pack": set(), "idx": set()}
    with os.scandir(f"{place}/objects/pack") as entries:
        for entry in entries:
            stem, _, kind = entry.name.rpartition(".")
            if kind in stems:
                stems[kind].add(stem)
                if not entry.stat().st_size:
                    return False
    return stems["pack"] == stems["idx"]


def _shallow(place: Path) -> list[bytes] | None:
    """Return the content of the file that records where history ends here; None if there is none."""
    try:
        return read(f"{place}/shallow").split()
    except OSError:
        return None


def _is_id(word: bytes) -> bool:
    return ID.match(word.decode("ascii", "replace")) is not None


def drop_damaged_refs(place: Path) -> None:
    """Remove each ref of ours that names no commit, as after a power cut; its commit is found again."""
    for kind in _REFS:
        with contextlib.suppress(OSError), os.scandir(f"{place}/{kind}") as entries:
            for entry in list(entries):
                if not entry.is_file(follow_symlinks=False) or not _names_commit(entry.path):
                    discard(Path(entry.path))


def _names_commit(ref: str) -> bool:
    try:
        return _is_id(read(ref).strip())
    except OSError:
        return False


def make(place: Path, config: str) -> None:
    """Make an empty store in another place first, so that it is complete as soon as it has its name."""
    new = place.with_name(f"{place.name}.new")
    discard(new)
    for name in _FOLDERS:
        places_files.folder(new / name)
    write_whole(new / "config", config.encode(), durable=False)
    write_whole(new / "HEAD", _HEAD, durable=False)
    discard(place)
    new.rename(place)


def discard(place: Path) -> None:
    """Remove whatever is at a place of ours in one step: half a store must not look like a store."""
    if not place.is_dir() or place.is_symlink():
        place.unlink(missing_ok=True)
        return
    place.rename(place.with_name(f"{place.name}{_OLD}{os.urandom(4).hex()}"))
    for old in place.parent.glob(f"{place.name}{_OLD}*"):
        shutil.rmtree(old, ignore_errors=True)
