"""What rollout did in a folder before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.errors import GitError
from rollout.model.circumstances import Circumstances
from rollout.model.files import NO_FILE, File, Snapshot, Written, fingerprint
from rollout.model.inventory import Folder
from rollout.model.outcomes import WrittenPath
from rollout.model.own_writes import LaterWrites, later_writes
from rollout.model.plan import Step
from rollout.planning.undo import changed_since, on_hold, undone
from rollout.targets.folder import memory
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.record import FileRecord
from rollout.targets.folder.snapshot import last_changes, last_written, read_snapshot
from rollout.targets.folder.unwritable import held_against_the_disk
from rollout.targets.job import RevertRequest, Settings


def folder_step(back: RevertRequest, where: Folder, settings: Settings) -> Step:
    outcome = back.outcome
    remembered = memory.memory(settings.state, where.root)
    there = read_snapshot(where.root, [PurePosixPath(path.path) for path in outcome.paths], remembered)
    record = remembered.read()
    before = {PurePosixPath(path.path): _before(path, remembered) for path in outcome.paths}
    entries = {path: record.get(str(path), FileRecord()) for path in before}
    later, dated = _later(back, there, entries)
    there = replace(there, changed_by=last_changes(where.root, dated), later=later)
    found = undone(back.target, outcome, there, before, Circumstances(str(where.root)))
    written = _written_then(entries, there, before, remembered)
    return held_against_the_disk(on_hold(found, back.desired, replace(there, written=written)).step, where.root)


def _later(
    back: RevertRequest, there: Snapshot, entries: Mapping[PurePosixPath, FileRecord]
) -> tuple[LaterWrites, set[PurePosixPath]]:
    """Return what we wrote after the run, and which files others wrote last.

    The ledger also knows what we wrote where the folder was before it moved; our record of the folder, what a run wrote
    that is not in this ledger.
    """
    left = changed_since(back.outcome, there)
    found = {path: fingerprint(there.files.get(path)) for path in left}
    writes = {path: back.writes.get(str(path), ()) for path in left}
    later = later_writes(back.run, writes, found)
    ours = (path for path in left if entries[path].is_there(there.files.get(path)))
    recorded = {path: run for path in ours if (run := entries[path].run) is not None}
    last = {path for path, done in writes.items() if done and done[-1].after == found[path]}
    return replace(later, runs=recorded | dict(later.runs)), set(left) - recorded.keys() - last - later.taken_back


def _before(path: WrittenPath, remembered: FolderMemory) -> File | None:
    file = remembered.file(path.before)
    if file is None and path.before not in {NO_FILE, None}:
        raise GitError(f"the backup of {path.path} is gone")
    return file


def _written_then(
    entries: Mapping[PurePosixPath, FileRecord],
    there: Snapshot,
    before: Mapping[PurePosixPath, File | None],
    remembered: FolderMemory,
) -> dict[PurePosixPath, Written]:
    """Return what we will have written last when the files that are there are as they were before."""
    found = {}
    for path, file in before.items():
        then = entries[path].undoing(fingerprint(there.files.get(path)), fingerprint(file))
        last = last_written(then, file, remembered)
        if last is not None:
            found[path] = last
    return found
