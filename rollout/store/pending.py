"""Our own commit that waits to be pushed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field

from rollout.model.files import File


class Pending(Struct, frozen=True):
    """Our own commit that is not upstream: it, its parent, and the files before and after."""

    commit: str
    parent: str
    message: str
    files: Mapping[PurePosixPath, tuple[File | None, File | None]]
    merged: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return self.message.split("\n", 1)[0]
