"""A reader's own copy of a store that another process is writing to: made of links, removed after the look.

Packs never change once they have their name, and refs and the memo are replaced as a whole. So a copy that takes the
refs first and the packs after them has all objects of every ref, without a lock and without waiting.

shutil is imported where it is used: every run sweeps, and hardly any finds something.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollout.machine import files

_FOLDER = "looks"
_TRIES = 5
_TEXTS = ("config", "HEAD", "rollout.json", "shallow")
_PACK_PARTS = (".pack", ".idx", ".promisor")


@contextmanager
def copied(place: Path, state: Path) -> Iterator[Path]:
    """Yield a copy of the store at `place`; what is written to it is lost afterwards."""
    import shutil

    files.folder(state / _FOLDER)
    copy = state / _FOLDER / f"{place.name}-{os.urandom(4).hex()}"
    copy.mkdir(mode=0o700)
    descriptor = os.open(copy, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _copy(place, copy / place.name)
        yield copy / place.name
    finally:
        shutil.rmtree(copy, ignore_errors=True)
        os.close(descriptor)


def sweep(state: Path) -> None:
    """Remove the copies of readers that were killed."""
    with contextlib.suppress(OSError):
        for copy in list((state / _FOLDER).iterdir()):
            with contextlib.suppress(OSError):
                _remove_left(copy)


def _remove_left(copy: Path) -> None:
    """Remove a copy unless its reader still holds it."""
    import shutil

    descriptor = os.open(copy, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(copy, ignore_errors=True)
    finally:
        os.close(descriptor)


def _copy(place: Path, copy: Path) -> None:
    names = [*_TEXTS, *(name for name in _listed(place) if name.startswith("asked-"))]
    for kind in ("refs/rollout/pending", "refs/rollout/upstream"):
        names += [f"{kind}/{name}" for name in _listed(place / kind)]
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/rollout"):
        files.folder(copy / folder)
    for name in names:
        _copy_text(place / name, copy / name)
    for folder in ("pack", *(name for name in _listed(place / "objects") if len(name) == 2)):
        _link_all(place / "objects" / folder, copy / "objects" / folder)


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _copy_text(file: Path, copy: Path) -> None:
    with contextlib.suppress(OSError):
        files.write_whole(copy, files.read(file), durable=False)
        about = file.stat()
        os.utime(copy, ns=(about.st_atime_ns, about.st_mtime_ns))


def _link_all(folder: Path, copy: Path) -> None:
    """Link the objects of a folder; a pack that disappears meanwhile is part of a larger one, which we link."""
    files.folder(copy)
    for _ in range(_TRIES):
        names = [name for name in _listed(folder) if folder.name != "pack" or name.endswith(_PACK_PARTS)]
        if all(_linked(folder / name, copy / name) for name in names):
            return


def _linked(file: Path, copy: Path) -> bool:
    """Link a file where the disk can, else copy it; tell whether it was still there."""
    try:
        os.link(file, copy, follow_symlinks=False)
    except FileExistsError:
        return True
    except FileNotFoundError:
        return False
    except OSError:
        import shutil

        shutil.copy2(file, copy)
    return True
