"""What rollout did in a folder before."""

from __future__ import annotations

from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.errors import GitError
from rollout.model.circumstances import Circumstances
from rollout.model.files import NO_FILE, File, Snapshot, Written, fingerprint
from rollout.model.inventory import Folder
from rollout.model.outcomes import WrittenPath
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
    there = read_snapshot(where.root, [PurePosixPath(path.path) for path in outcome.paths], remembered)
    record, left = remembered.read(), changed_since(outcome, there)
    wrote = {path: run for path in left if (run := _wrote(record, path, there)) is not None}
    there = replace(there, changed_by=last_changes(where.root, set(left) - wrote.keys()), wrote=wrote)
    before = {PurePosixPath(path.path): _before(path, remembered) for path in outcome.paths}
    found = undone(back.target, outcome, there, before, Circumstances(str(where.root)))
    written = {path: _written_then(record, path, (there, file), remembered) for path, file in before.items()}
    last = {path: one for path, one in written.items() if one is not None}
    return on_hold(found, back.desired, replace(there, written=last)).step


def _before(path: WrittenPath, remembered: FolderMemory) -> File | None:
    file = remembered.file(path.before)
    if file is None and path.before not in {NO_FILE, None}:
        raise GitError(f"the backup of {path.path} is gone")
    return file


def _wrote(record: Record, path: PurePosixPath, there: Snapshot) -> str | None:
    """Return the run of ours that made a file what it is, or None."""
    entry = record.get(str(path), FileRecord())
    return entry.run if entry.is_there(there.files.get(path)) else None


def _written_then(
    record: Record, path: PurePosixPath, sides: tuple[Snapshot, File | None], remembered: FolderMemory
) -> Written | None:
    """Return what we will have written last when a file is as it was before, from how it is there now."""
    there, before = sides
    entry = record.get(str(path), FileRecord())
    then = entry.undoing(fingerprint(there.files.get(path)), fingerprint(before))
    return last_written(then, before, remembered)
