"""A fault of one file, worded for the person who has to correct it."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.safety.flaw import Flaw


class FileFault(ValueError):
    """A file or its template that cannot be read or changed as asked: what is wrong, and the path and line if known."""

    def __init__(self, what: str, path: PurePosixPath | None = None, *, line: int | None = None) -> None:
        super().__init__(what, path)
        self.flaw = Flaw(what, line)
        self.path = path

    @property
    def what(self) -> str:
        return str(self.flaw)

    def __str__(self) -> str:
        return self.what if self.path is None else f"{self.path}: {self.what}"
