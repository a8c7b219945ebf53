"""Give back what a move displaced, or keep it, unless it is proved to be git's or ours."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from rollout.checkout.leftovers import home
from rollout.checkout.moving.intent import Intent
from rollout.checkout.moving.kept import STAMP
from rollout.checkout.notes import Noted, plain_folder
from rollout.git.git_folder import GitDir
from rollout.machine import look, processes, replace
from rollout.machine.look import OnDisk
from rollout.machine.processes import Inode

_LONGEST = 150  # bytes of a file's own name that the name of a kept one ends in


def displaced(
    repo: GitDir, place: Path, number: str, noted: Noted | None, target: Intent | None, busy: Mapping[Inode, str]
) -> list[str]:
    """Remove what was displaced if it can be proven to be git's or ours; otherwise give it back, or keep it."""
    out = look.look(place, PurePosixPath(number))
    proven = noted is not None and isinstance(out, OnDisk) and noted.is_known(out)
    writer = busy.get(out.identity) if isinstance(out, OnDisk) else None
    if noted is None:
        kept = _keep(repo, place / number, number, for_ever=True)
        return [f"what a run that ended early had displaced is kept in {kept}: nothing tells what it was"]
    if proven and writer is None:
        os.unlink(place / number)
        return []
    if proven:
        kept = _keep(repo, place / number, noted.path.name, for_ever=False)
        return [f"{noted.path} was replaced while {writer} had it open; what it still writes goes to {kept}"]
    if (target is None or target.is_at_its_start(repo)) and _is_back(repo, place, noted):
        # We put back what was displaced; what we took out for it was proven to be ours before.
        return [f"{noted.path}: local edits that a run that ended early had displaced are back"]
    kept = _keep(repo, place / number, noted.path.name, for_ever=True)
    return [f"{noted.path} was changed while it was replaced; what was there is kept in {kept}"]


def _is_back(repo: GitDir, place: Path, noted: Noted) -> bool:
    """Put what was displaced where it was, if what is there now is git's or ours; tell whether it is there."""
    there = look.look(repo.top, noted.path)
    if there is not None and not (isinstance(there, OnDisk) and noted.is_known(there)):
        return False
    number, name = noted.number, noted.path.name
    try:
        with look.opened(place) as scratch, look.parent(repo.top, noted.path) as folder:
            if there is None:
                replace.put_new(scratch, number, folder, name)
                return True
            return _swapped_back(scratch, number, folder, name, noted)
    except OSError:
        return False  # somebody was faster, or the file system cannot: it is kept


def _swapped_back(scratch: int, number: str, folder: int, name: str, noted: Noted) -> bool:
    replace.exchange(scratch, number, folder, name)
    if _nobody_misses(scratch, number, noted):
        os.unlink(number, dir_fd=scratch)
        return True
    replace.exchange(scratch, number, folder, name)  # somebody was faster: theirs stays, this is kept
    return False


def _nobody_misses(scratch: int, number: str, noted: Noted) -> bool:
    """Tell whether the displaced file is git's or ours, and nobody has it open.

    We ask who has it open first: once nobody has, its content is final.
    """
    identity = replace.inode_at(scratch, number)
    if identity is None or processes.writers([identity]):
        return False
    out = look.look_at(scratch, number)
    return isinstance(out, OnDisk) and out.identity == identity and noted.is_known(out)


def _keep(repo: GitDir, file: Path, name: str, *, for_ever: bool) -> Path:
    """Keep what may be a person's, whatever it is, where only they remove it if it is to stay for ever."""
    kept = home(repo.git_dir) / "kept"
    plain_folder(kept)
    kept.mkdir(mode=0o700, exist_ok=True)
    mark = "+" if for_ever else "-"
    short = os.fsdecode(os.fsencode(name)[-_LONGEST:])
    place = kept / f"{time.strftime(STAMP, time.gmtime())}-{os.urandom(3).hex()}{mark}{short}"
    os.rename(file, place)
    return place
