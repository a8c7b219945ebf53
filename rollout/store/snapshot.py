"""Read the managed paths at an upstream commit."""

from __future__ import annotations

from collections.abc import Mapping

from rollout.model.files import File, Obstacle, symlink
from rollout.objects.trees import Blob


def file(entry: Blob | Obstacle | None, contents: Mapping[str, bytes]) -> File | Obstacle | None:
    if isinstance(entry, Blob):
        return File(contents[entry.id], entry.mode == "100755")
    if isinstance(entry, Obstacle) and entry.link:
        return symlink(contents.get(entry.link, b"").decode("utf-8", "replace"))
    return entry
