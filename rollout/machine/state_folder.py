"""The folder where rollout keeps its own files on this machine."""

from __future__ import annotations

import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path

from rollout.machine.files import folder

_ODD = re.compile(r"[^A-Za-z0-9_-]+")


def state_folder() -> Path:
    """Return the state folder, making it if missing."""
    place = named_state_folder()
    folder(place)
    return place


def named_state_folder() -> Path:
    """Return $ROLLOUT_STATE_DIR, else $XDG_STATE_HOME/rollout, else ~/.local/state/rollout."""
    named = os.environ.get("ROLLOUT_STATE_DIR")
    if named:
        place = Path(named).expanduser()
    else:
        place = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "rollout"
    return Path(os.path.normpath(Path.cwd() / place))


@lru_cache(maxsize=4096)
def key(*parts: str) -> str:
    """Return a short name for a place that is safe as a file and a ref name.

    Cached: each look at a repository asks for the same few, and most repositories have the same branch.
    """
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:20]


def slug(text: str) -> str:
    return _ODD.sub("-", text).strip("-")[-40:] or "x"
