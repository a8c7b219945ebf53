"""What a move of a branch was about to do, noted before it began."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import Struct

from rollout.checkout.notes import TARGET
from rollout.git.git_folder import GitDir


class Intent(Struct, frozen=True):
    """Where a branch was when its move began and where it was to go, and its tracking ref, if that was to go along."""

    branch: str
    start: str | None
    commit: str
    tracking: tuple[str, str] | None = None

    def is_at_its_start(self, repo: GitDir) -> bool:
        return repo.ref(self.branch) == self.start


def intent_of(place: Path) -> Intent | None:
    """Return what is noted in the folder of a move, or None if that cannot be read."""
    try:
        branch, start, commit, *more = json.loads((place / TARGET).read_text())
        tracking = (str(more[0][0]), str(more[0][1])) if more and more[0] else None
    except (OSError, ValueError, TypeError, IndexError):
        return None
    words = [branch, commit, *([] if start is None else [start])]
    return Intent(branch, start, commit, tracking) if all(isinstance(word, str) for word in words) else None
