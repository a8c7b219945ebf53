"""Files, and keys of documents, that are as they should be though we did not write them so: ours from then on."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.content.file_fault import FileFault
from rollout.content.modes.mode import Situation
from rollout.content.modes.table import strategy
from rollout.model.files import Agreed, Desired, File, Snapshot, TakenOver
from rollout.model.own_writes import FileShare
from rollout.planning.changes import situation
from rollout.planning.drift import changed_by_others


def equal_files(
    desired: Desired, snapshot: Snapshot, changed: Container[PurePosixPath]
) -> dict[PurePosixPath, TakenOver]:
    """Return the files that others left exactly as they should be, as rollout will remember them."""
    found = {}
    for item in desired.managed:
        actual = snapshot.files.get(item.path)
        if item.path not in changed and isinstance(actual, File):
            taken = _taken_over(Situation(item, actual, snapshot.written.get(item.path)), actual)
            if taken is not None:
                found[item.path] = taken
    return found


def _taken_over(at: Situation, actual: File) -> TakenOver | None:
    ours = strategy(at.item.mode).ours(at.item, actual)
    if ours is None:
        return None
    found = ours if ours.file == actual else replace(ours, there=actual)
    if _others_wrote(at):
        return found
    as_left = at.written is not None and at.written.share is not FileShare.NONE
    return replace(found, as_left=as_left) if _in_another_mode(at, ours.file) else None


def agreed_keys(desired: Desired, snapshot: Snapshot) -> dict[PurePosixPath, Agreed]:
    """Return the keys of documents that others wrote just as they should be, as rollout will remember them."""
    found = {}
    for item in desired.managed:
        actual = snapshot.files.get(item.path)
        with suppress(Exception):  # what is wrong with a file is told where its change is decided
            if isinstance(actual, File):
                found[item.path] = strategy(item.mode).agreed(situation(item, actual, snapshot))
    return {path: agreed for path, agreed in found.items() if agreed != snapshot.agreed.get(path, ())}


def _in_another_mode(at: Situation, ours: File) -> bool:
    """Tell whether we wrote the file in another mode, and in this one only a part of it is ours."""
    if at.written is None or at.written.noted or ours == at.actual:
        return False
    last = at.written.file
    as_now = None if last is None else strategy(at.item.mode).ours(at.item, last)
    return as_now is None or as_now.file != last


def _others_wrote(at: Situation) -> bool:
    if at.written is None:
        return True
    if at.actual == at.written.file and not at.written.disputed:
        return False
    try:
        return changed_by_others(at, at.written)
    except FileFault:
        return False
