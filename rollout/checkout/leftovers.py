"""Tell, by loading and looking at little, whether a killed run left something in a checkout's git folder."""

from __future__ import annotations

import os
from pathlib import Path


def home(git_dir: Path) -> Path:
    """Return the folder inside a git folder that is ours."""
    return git_dir / "rollout"


def nothing_left(top: Path) -> bool:
    """Tell whether a checkout has its own git folder, and nothing to clear in it."""
    git_dir = top / ".git"
    try:
        return git_dir.is_dir() and not any_left(git_dir)
    except OSError:
        return False  # whoever clears sees it, too


def any_left(git_dir: Path) -> bool:
    """Tell whether there may be something to clear in a git folder."""
    lock = git_dir / "index.lock"
    asides = any(git_dir.glob("index.lock.rollout-*"))
    return asides or os.path.lexists(home(git_dir)) or (os.path.lexists(lock) and _is_stale(lock))


def _is_stale(lock: Path) -> bool:
    from rollout.checkout import index_lock

    return index_lock.is_stale(lock)
