"""What rollout did in a folder before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.errors import GitError
from rollout.model.circumstances import Circumstances
from rollout.model.files import NO_FILE, File, Written, fingerprint
from rollout.model.inventory import Folder
from rollout.model.plan import Step
from rollout.planning.undo import changed_since, on_hold, undone
from rollout.targets.folder import memory
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.record import FileRecord, Record
from rollout.targets.folder.snapshot import last_changes, last_written, read_snapshot
from rollout.targets.job import RevertRequest, Settings


def folder_step(back: RevertRequest, where: Folder, settings: Settings) -> Step:
    outcome = back.outcome
    remembered = memory.memory(settings.state, where.root)
    snapshot = read_snapshot(where.root, [PurePosixPath(path.path) for path in outcome.paths], remembered)
    left, record = changed_since(outcome, snapshot), remembered.read()
    wrote = {
        p: entry.run or "" for p in left if (entry := record.get(str(p))) and entry.is_there(snapshot.files.get(p))
    }
    snapshot = replace(snapshot, changed_by=last_changes(where.root, set(left) - wrote.keys()), wrote=wrote)
    before: dict[PurePosixPath, File | None] = {}
    for path in outcome.paths:
        file = remembered.file(path.before)
        if file is None and path.before not in {NO_FILE, None}:
            raise GitError(f"the backup of {path.path} is gone")
        before[PurePosixPath(path.path)] = file
    found = undone(back.target, outcome, snapshot, before, Circumstances(str(where.root)))
    written = _written_then(record, remembered, before)
    return on_hold(found, back.desired, replace(snapshot, written=written)).step


def _written_then(
    record: Record, remembered: FolderMemory, before: Mapping[PurePosixPath, File | None]
) -> dict[PurePosixPath, Written]:
    """Return what we will have written last when these files are back."""
    found = {}
    for path, file in before.items():
        entry = record.get(str(path), FileRecord()).undoing(fingerprint(file))
        written = last_written(entry, file, remembered)
        if written is not None:
            found[path] = written
    return found
