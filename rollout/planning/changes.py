"""What one managed file needs."""

from __future__ import annotations

from collections.abc import Container
from pathlib import PurePosixPath

from rollout.content import markers
from rollout.content.documents import merge, past
from rollout.content.documents.document import DocumentFault
from rollout.content.modes.block import block_cause, no_block_yet
from rollout.content.modes.merge import kind_of
from rollout.content.modes.mode import Blocked, wanted_content
from rollout.content.policy import policy_fault
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File, Managed, Obstacle, Snapshot, Written
from rollout.model.inventory import Mode
from rollout.model.plan import Action, Change
from rollout.planning.drift import accepted_merge, changed_by_others, drift_of
from rollout.safety import faults


def changes(desired: Desired, snapshot: Snapshot, decisions: Decisions) -> tuple[tuple[Change, ...], int, list[str]]:
    """Return the changes a target needs, how many managed files need none, and warnings."""
    found: list[Change] = []
    warnings: list[str] = []
    in_sync = 0
    problems = {problem.path: problem.message for problem in desired.problems}
    for item in desired.managed:
        if item.path in problems:
            continue
        change = change_for(item, snapshot, decisions)
        if change is None:
            in_sync += 1
        else:
            found.append(change)
        if item.mode is Mode.ABSENT and snapshot.files.get(item.path) == Obstacle("a directory"):
            warnings.append(
                f"{item.path}: is a directory there, and `mode: absent` removes files only; "
                "name the files in it, or remove the directory yourself"
            )
        if not item.body and item.mode is not Mode.ABSENT:
            warnings.append(f"{item.path}: the template renders to an empty file")
    for path, message in problems.items():
        found.append(Change(path, Action.ERROR, message, None, None, decided=False))
    return tuple(sorted(found, key=lambda change: change.path)), in_sync, warnings


def change_for(item: Managed, snapshot: Snapshot, decisions: Decisions) -> Change | None:
    """Return what one managed path needs, or None where it is as it should be."""
    actual = snapshot.files.get(item.path)
    if isinstance(actual, Obstacle):
        if item.mode is Mode.ABSENT and actual.what == "a directory":
            return None
        return Change(
            item.path, Action.ERROR, f"{item.path}: is {actual.what} there{actual.way_out}", None, None, decided=False
        )
    written = snapshot.written.get(item.path)
    how = snapshot.line_ends.get(item.path, "binary")
    try:
        wanted = wanted_content(item, actual, written, how)
        if wanted is not None and item.mode is not Mode.WHOLE:
            fault = policy_fault(wanted.content, item.rule, item.path)
            if fault:
                raise Blocked(fault)
        return _classified(item, actual, wanted, written, decisions, how)
    except (Blocked, markers.MarkerError, DocumentFault) as error:
        text = str(error) if str(item.path) in str(error) else f"{item.path}: {error}"
        return Change(item.path, Action.ERROR, text, actual, None, decided=False)
    except Exception as error:  # whatever a file's content can provoke is that file's fault, and the others go on
        return Change(item.path, Action.ERROR, faults.of_file(item.path, error), actual, None, decided=False)


def satisfied(item: Managed, actual: File | Obstacle | None, written: Written | None, how: str) -> bool:
    """Tell whether what is at a path needs no change; used where only the result counts, not how it came about."""
    snapshot = Snapshot("", {item.path: actual}, {item.path: written} if written else {}, {item.path: how})
    return change_for(item, snapshot, Decisions()) is None


def _classified(
    item: Managed,
    actual: File | None,
    wanted: File | None,
    written: Written | None,
    decisions: Decisions,
    how: str,
) -> Change | None:
    if actual == wanted:
        return None
    if accepted_merge(actual, wanted, written):
        return None
    if written is None:
        return _first_contact(item, actual, wanted, decisions)
    if changed_by_others(item, actual, written):
        return drift_of(item, actual, wanted, written, decisions, how)
    base = written.file
    if wanted is None:
        return Change(item.path, Action.DELETE, "the inventory wants it absent", actual, None, base)
    if actual is None:
        return Change(item.path, Action.CREATE, "missing", None, wanted, base)
    if actual.content == wanted.content:
        return Change(item.path, Action.CHMOD, "the template's executable bit changed", actual, wanted, base)
    cause = block_cause(item, actual, written) if item.mode is Mode.BLOCK else None
    if item.mode is Mode.BLOCK and cause is None and base is not None:
        return _adoption(item, actual, wanted, decisions, no_block_yet(item, actual))
    return Change(item.path, Action.UPDATE, cause or "the template changed", actual, wanted, base)


def _first_contact(item: Managed, actual: File | None, wanted: File | None, decisions: Decisions) -> Change:
    if actual is None:
        assert wanted is not None
        return Change(item.path, Action.CREATE, "missing", None, wanted)
    if wanted is None:
        return _adoption(item, actual, None, decisions, "the inventory wants it absent, and rollout never wrote it")
    if item.mode is Mode.BLOCK:
        cause = block_cause(item, actual, None)
        if cause is not None:
            return Change(item.path, Action.UPDATE, cause, actual, wanted)
        return _adoption(item, actual, wanted, decisions, no_block_yet(item, actual))
    if item.mode is Mode.MERGE:
        if not merge.would_change_foreign(actual.content, item.body, past.Ours(), kind_of(item)):
            return Change(item.path, Action.UPDATE, "keys are missing", actual, wanted)
        return _adoption(item, actual, wanted, decisions, "it would change values that rollout never wrote")
    return _adoption(item, actual, wanted, decisions, "the file exists and rollout never wrote it")


def _adoption(item: Managed, actual: File, wanted: File | None, decisions: Decisions, cause: str) -> Change:
    return Change(item.path, Action.ADOPT, cause, actual, wanted, decided=decisions.adopt)


def equal_files(desired: Desired, snapshot: Snapshot, changed: Container[PurePosixPath]) -> dict[PurePosixPath, File]:
    """Return the files that are as they should be though rollout did not write them so, as they count for written."""
    found = {}
    for item in desired.managed:
        actual = snapshot.files.get(item.path)
        if item.path not in changed and isinstance(actual, File) and _others_wrote(item, actual, snapshot):
            # Of a document that is shared with others, only what the template names becomes ours.
            found[item.path] = File(item.body, actual.executable) if item.mode is Mode.MERGE else actual
    return found


def _others_wrote(item: Managed, actual: File, snapshot: Snapshot) -> bool:
    written = snapshot.written.get(item.path)
    if item.mode in {Mode.ABSENT, Mode.ONCE}:
        return False
    if written is None:
        return True
    if actual == written.file and not written.disputed:
        return False
    try:
        return changed_by_others(item, actual, written)
    except (markers.MarkerError, DocumentFault):
        return False
