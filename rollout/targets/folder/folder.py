"""A shared folder as a destination: observe it into a step, write a step, report the outcome."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from rollout.errors import Busy
from rollout.machine import look
from rollout.machine.replace import MOUNTED, NO_EXCHANGE, Changed
from rollout.model.action import Action
from rollout.model.causes import SaidOfFiles
from rollout.model.circumstances import Circumstances, Decisions, Findings
from rollout.model.files import Desired, File, Obstacle
from rollout.model.inventory import Folder, Target
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import Change, State, Step
from rollout.model.reasons import Reason, said
from rollout.planning import keeping, review, steps
from rollout.planning.file_reasons import kept
from rollout.targets import checked
from rollout.targets.folder import memory, rescue
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.shared import SharedFolder
from rollout.targets.folder.snapshot import last_changes, open_to_all, read_snapshot
from rollout.targets.folder.unwritable import held_against_the_disk
from rollout.targets.folder.write import FolderWriter
from rollout.targets.job import Job, Settings

_ELSEWHERE = "put the folder on one that can, as ext4, xfs, btrfs, tmpfs and APFS do"


def observe(target: Target, desired: Desired, settings: Settings, decisions: Decisions) -> Step:
    """Return what one folder needs."""
    assert isinstance(target.location, Folder)
    root = target.location.root
    if not root.exists() and not root.parent.exists():
        reason = f"neither {root} nor the folder it is in exists; make it, or correct the path"
        return Step(target.name, target.location, State.MISSING, said(reason), None)
    if root.exists() and not root.is_dir():
        return Step(target.name, target.location, State.BLOCKED, said(f"{root} is not a folder"), None)
    try:
        fault = open_to_all(root)
        if fault:
            return Step(target.name, target.location, State.BLOCKED, said(fault), None)
        remembered = memory.memory(settings.state, root)
        snapshot = read_snapshot(root, [item.path for item in desired.managed], remembered)
    except OSError as error:
        reason = f"{error.filename or root}: {error.strerror}"
        return Step(target.name, target.location, State.BLOCKED, said(reason), None)
    found = steps.findings(desired, snapshot, decisions.of(target.name))
    about = keeping.waiting(found)
    if about:
        snapshot = replace(snapshot, changed_by=last_changes(root, about))
        found = steps.findings(desired, snapshot, decisions.of(target.name))
    found = checked.over(found, desired, snapshot)
    _note(settings.state, root, remembered, found)
    return held_against_the_disk(steps.step_of(target, found, Circumstances(identity=str(root))), root)


def _note(state: Path, root: Path, remembered: FolderMemory, found: Findings) -> None:
    """Note what others wrote just as it should be; where that cannot be now, the next look does it."""
    if found.equal or found.agreed:
        with suppress(Busy, OSError), memory.locked(state, root, 0.0):
            memory.take_over(remembered, found.equal)
            memory.agree(remembered, found.agreed)


def clear(where: Folder, state: Path) -> list[str]:
    """Clear what a killed run left beside the files; return what to report."""
    remembered = memory.memory(state, where.root)
    if not memory.any_announced(remembered):
        return []
    notes: list[str] = []
    with suppress(Busy, OSError), memory.locked(state, where.root, 5.0):
        rescue.clear(SharedFolder(where.root, remembered), notes.append)  # what is wrong is reported when it is written
    return notes


def write(job: Job) -> Outcome:
    """Write one step; whatever happens is the outcome, never an exception."""
    started = time.monotonic()
    assert isinstance(job.step.location, Folder)
    root = job.step.location.root
    folder = SharedFolder(root, memory.memory(job.settings.state, root))
    writer = FolderWriter(folder, job.run.id)
    outcome = _written_alone(job, folder, writer)
    return replace(outcome, notes=tuple(writer.notes), duration_ms=int((time.monotonic() - started) * 1000))


def _written_alone(job: Job, folder: SharedFolder, writer: FolderWriter) -> Outcome:
    """Write one step while no other run of this machine writes the folder; what prevents it is the outcome."""
    try:
        with memory.locked(job.settings.state, folder.root, job.settings.wait):
            return _written(job, folder, writer)
    except Changed as error:
        return _outcome(job.step, Verdict.STALE, f"{error}; what others wrote is left as it is")
    except Busy as error:
        return _outcome(job.step, Verdict.FAILED, str(error))
    except OSError as error:
        return _unwritten(job.step, error, folder.root)


def _written(job: Job, folder: SharedFolder, writer: FolderWriter) -> Outcome:
    """Write the changes of a step if everything is as planned, and note what a person decided to keep."""
    step = job.step
    snapshot = read_snapshot(folder.root, step.managed, folder.remembered)
    stale = [p for p in review.stale_paths(step, snapshot.files) if not _is_done(p, step, snapshot.files)]
    stale += _read_meanwhile(folder.root, step)
    if stale:
        why = Reason((SaidOfFiles("", tuple(stale), " changed meanwhile; nothing was written"),))
        return replace(_outcome(step, Verdict.STALE), why=why)
    writer.clear()
    writer.sweep(step.managed)
    done = writer.write(_to_write(step))
    outcome = _outcome(step, Verdict.WRITTEN if done else Verdict.UNCHANGED, changes=done)
    keeps = [change for change in step.changes if change.keep]
    if not keeps:
        return outcome
    memory.keep(folder.remembered, keeps)
    return replace(outcome, why=kept(step))


def _to_write(step: Step) -> list[Change]:
    """Return the changes that write something; those that keep a file as it is only are remembered."""
    return [
        change for change in step.changes if change.action is not Action.ERROR and not (change.keep and change.idle)
    ]


def _unwritten(step: Step, error: OSError, root: Path) -> Outcome:
    if error.errno == errno.ENOTSUP:
        return _outcome(step, Verdict.BLOCKED, f"{NO_EXCHANGE}, as {error.filename} needs it; {_ELSEWHERE}")
    why = MOUNTED if error.errno == errno.EBUSY else error.strerror
    return _outcome(step, Verdict.FAILED, f"{error.filename or root}: {why}")


def _read_meanwhile(root: Path, step: Step) -> list[PurePosixPath]:
    """Return the files of the folder that its own templates read and that have changed since."""
    own = [one for one in step.inputs if one.target == step.target and not one.managed and not one.glob]
    now = {one: look.as_file(look.look(root, PurePosixPath(one.path))) for one in own}
    return [
        PurePosixPath(one.path)
        for one, found in now.items()
        if (found.sha256 if isinstance(found, File) else None) != one.sha256
    ]


def _is_done(path: PurePosixPath, step: Step, files: Mapping[PurePosixPath, File | Obstacle | None]) -> bool:
    """Tell whether a path already is what the step makes of it: an earlier try got that far."""
    return any(change.path == path and files.get(path) == change.after for change in step.changes)


def _outcome(step: Step, verdict: Verdict, reason: str = "", changes: Iterable[Change] = ()) -> Outcome:
    paths = tuple(change.as_written for change in changes)
    return Outcome(step.target, verdict, said(reason), step.base, None, 0, step.kind, None, paths)
