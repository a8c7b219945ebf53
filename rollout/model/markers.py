"""The hidden line in the text of a review, by which it is found again."""

from __future__ import annotations

import re

from msgspec import Struct


class Marker(Struct, frozen=True):
    """What finds a review again: whose it is, for which target, a digest of the change, and one of the words."""

    inventory: str
    target: str
    says: str
    words: str = ""

    @property
    def text(self) -> str:
        words = f" words={self.words}" if self.words else ""
        return f"<!-- rollout inventory={self.inventory} target={self.target} change={self.says}{words} -->"

    @property
    def change(self) -> tuple[str, str, str]:
        """Return what is the same as long as the same is proposed, in whatever words."""
        return self.inventory, self.target, self.says


_MARKER = re.compile(r"<!-- rollout inventory=(\S*) target=(\S+) change=(\S*?)(?: words=(\S*))? -->")


def marker_in(text: str) -> Marker | None:
    """Return what is hidden in the text of a review."""
    found = _MARKER.search(text)
    return None if found is None else Marker(found[1], found[2], found[3], found[4] or "")
