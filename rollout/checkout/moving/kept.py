"""Files that are kept for a person, and removed only when git has their every byte."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path, PurePosixPath

from rollout.checkout.leftovers import home
from rollout.checkout.notes import plain_folder
from rollout.git.cat_file import CatFile
from rollout.git.git_folder import GitDir
from rollout.machine import look, processes
from rollout.machine.look import OnDisk
from rollout.objects.ids import git_id

STAMP = "%Y%m%dT%H%M%SZ"
_KEPT = 24 * 3600.0  # seconds that a file stays kept although nobody wrote into it
_KEPT_NAME = re.compile(
    r"\d{8}T\d{6}Z-[0-9a-f]{6}-"
)  # files that are kept for ever have a plus sign instead of the last hyphen


def forget_unchanged(repo: GitDir, objects: CatFile, id_size: int) -> None:
    """Remove kept files into which nobody wrote: git has their every byte, and nobody has had them open for a day."""
    kept = home(repo.git_dir) / "kept"
    if not os.path.lexists(kept):
        return
    plain_folder(kept)
    yesterday = time.strftime(STAMP, time.gmtime(time.time() - _KEPT))
    for name in sorted(os.listdir(kept)):
        if _KEPT_NAME.match(name) and name < yesterday and _git_has(kept, name, objects, id_size):
            os.unlink(kept / name)
    with contextlib.suppress(OSError):
        kept.rmdir()


def _git_has(kept: Path, name: str, objects: CatFile, id_size: int) -> bool:
    """Tell whether git has every byte of a file, after checking that nobody has it open to write more."""
    about = os.lstat(kept / name)
    if processes.writers([(about.st_dev, about.st_ino)]):
        return False
    found = look.look(kept, PurePosixPath(name))
    return isinstance(found, OnDisk) and objects.read(git_id(found.content, id_size)) is not None
