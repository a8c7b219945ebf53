"""What templates read: their questions, and the answers.

They are named tuples because the process that renders starts faster without msgspec.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Question(NamedTuple):
    """A file that a template reads, or the files that a pattern names; `target` None is the template's own."""

    path: str
    target: str | None = None
    glob: bool = False

    @property
    def words(self) -> str:
        other = "" if self.target is None else f", target={self.target!r}"
        return f"{'files' if self.glob else 'read'}({self.path!r}{other})"


class Answer(NamedTuple):
    """The text of a file (None if there is none), the paths that a pattern matches, or why there is no answer."""

    text: str | None = None
    paths: tuple[str, ...] = ()
    fault: str = ""

    @property
    def sha256(self) -> str | None:
        if self.text is None and not self.paths:
            return None
        return hashlib.sha256((self.text if self.text is not None else "\0".join(self.paths)).encode()).hexdigest()
