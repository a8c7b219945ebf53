"""Remember what formatters printed, so that one that prints the same again is run once."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

from rollout.machine import files, state_folder

_KEPT = 90 * 24 * 3600.0  # seconds after which what was not printed again is forgotten


def is_known(key: tuple[str, ...], printed: bytes) -> bool:
    """Tell whether a formatter printed this for the same text before; what it needs is renewed."""
    try:
        os.utime(_place(key, printed))
    except OSError:
        return False
    return True


def know(key: tuple[str, ...], printed: bytes) -> None:
    """Remember it; without room on the disk the formatter is run twice again."""
    place = _place(key, printed)
    with suppress(OSError):
        files.folder(place.parent)
        place.touch(mode=0o600)
        for old in place.parent.iterdir():
            if time.time() - old.stat().st_mtime > _KEPT:
                old.unlink()


def _place(key: tuple[str, ...], printed: bytes) -> Path:
    name = hashlib.sha256("\0".join((*key, hashlib.sha256(printed).hexdigest())).encode()).hexdigest()
    return state_folder.state_folder() / "formatted" / name
