"""Files that rollout wrote where a template now needs a folder, or in a folder where it now needs a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from rollout.content.modes.table import strategy, traits
from rollout.model.files import File, Managed, Obstacle, Snapshot

_MOST = 3  # paths that are named


def in_place_of(path: PurePosixPath, snapshot: Snapshot) -> list[PurePosixPath]:
    """Return the files of ours that have to go before a file can be at a path."""
    ours = (one for one, written in snapshot.written.items() if written.file is not None)
    return sorted(one for one in ours if one in path.parents or path in one.parents)


def told_of(managed: Iterable[Managed], snapshot: Snapshot) -> set[PurePosixPath]:
    """Return the files of ours that are named with the way out where a file cannot be yet."""
    stuck = (item for item in managed if _is_stuck(item, snapshot.files.get(item.path)))
    return {one for item in stuck for one in in_place_of(item.path, snapshot)}


def _is_stuck(item: Managed, found: File | Obstacle | None) -> bool:
    return isinstance(found, Obstacle) and not strategy(item.mode).passed_over(item, found)


def way_out(item: Managed, found: Obstacle, snapshot: Snapshot) -> str:
    """Say what a person can do about what is at a path."""
    if found.leads and not traits(item.mode).writes:
        return "; take it away yourself: what it leads to may be needed"
    ours = in_place_of(item.path, snapshot)
    if not ours:
        return found.way_out
    more = f" and {len(ours) - _MOST:,} more" if len(ours) > _MOST else ""
    named = ", ".join(map(str, ours[:_MOST])) + more
    how = "apply once with `mode: absent` there and without this template, then add the template"
    return f"; rollout wrote {named}: {how}"
