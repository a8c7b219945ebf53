"""A fault of one file, worded for the person who has to correct it."""

from __future__ import annotations

from pathlib import PurePosixPath


class FileFault(ValueError):
    """A file or its template that cannot be read or changed as asked: what is wrong, and the path if known."""

    def __init__(self, what: str, path: PurePosixPath | None = None) -> None:
        super().__init__(what, path)
        self.what = what
        self.path = path

    def __str__(self) -> str:
        return self.what if self.path is None else f"{self.path}: {self.what}"
