"""What templates read: the questions they ask, the answers they get, and what of it counts as input of a plan."""

from __future__ import annotations

import hashlib

from msgspec import Struct


class Question(Struct, frozen=True):
    """A file that a template reads, or the files that a pattern names; `target` None is the template's own."""

    path: str
    target: str | None = None
    glob: bool = False

    @property
    def words(self) -> str:
        other = "" if self.target is None else f", target={self.target!r}"
        return f"{'files' if self.glob else 'read'}({self.path!r}{other})"


class Answer(Struct, frozen=True):
    """What a file says, None where there is none; or the paths that a pattern names; or why there is no answer."""

    text: str | None = None
    paths: tuple[str, ...] = ()
    fault: str = ""

    @property
    def sha256(self) -> str | None:
        if self.text is None and not self.paths:
            return None
        return hashlib.sha256((self.text if self.text is not None else "\0".join(self.paths)).encode()).hexdigest()


class Input(Struct, frozen=True):
    """One thing that a managed file was made of: a file of a target, or which files a pattern named.

    `managed` says that it is what rollout itself writes there, and not what it found.
    """

    path: str
    target: str
    sha256: str | None
    glob: bool = False
    managed: bool = False
