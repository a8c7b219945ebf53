"""Remember that a target was in sync at one upstream commit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.model import tree_modes
from rollout.model.circumstances import Findings
from rollout.model.files import Desired, File, FilePrint, Obstacle, Snapshot, fingerprint
from rollout.model.plan import Step
from rollout.objects.ids import git_id
from rollout.objects.trees import TreeEntry, entry_there
from rollout.store.memo import PastLook, managed_path
from rollout.store.store import Store

Entries = Mapping[PurePosixPath, TreeEntry]  # (mode, id) of each managed file upstream


class InSync(Struct, frozen=True):
    """Findings without a change, and the entries they were made from."""

    findings: Findings
    entries: Entries
    heads: tuple[tuple[str, str], ...] = ()  # our own branches upstream


def entries_of(desired: Desired, snapshot: Snapshot) -> Entries | None:
    """Return the entries of the managed paths; None if anything but a plain file is at one of them."""
    found: dict[PurePosixPath, TreeEntry] = {}
    for item in desired.managed:
        there = snapshot.files.get(item.path)
        if there is None:
            found[item.path] = None
        elif isinstance(there, File):
            found[item.path] = (there.mode, git_id(there.content, len(snapshot.revision)))
        else:
            return None
    return found


def as_memo(known: InSync, asked: str) -> PastLook:
    """Return what to remember of a target in sync; `asked` is the digest of what its templates asked for."""
    found = known.findings
    return PastLook(
        found.revision,
        asked,
        tuple((str(path), found.managed[path].rpartition(":")[2], entry) for path, entry in known.entries.items()),
        found.in_sync,
        found.warnings,
        tuple(str(path) for path in found.orphans),
        found.newest,
        noted=True,
        agreed=True,
        heads=known.heads,
    )


def from_memo(look: PastLook | None, tip: str, asked: str) -> InSync | None:
    """Return what is remembered, if it is for this commit and these templates."""
    if look is None or (look.tip, look.asked, look.noted, look.agreed) != (tip, asked, True, True):
        return None
    managed = {managed_path(path): _fingerprint(content, entry) for path, content, entry in look.files}
    orphans = tuple(managed_path(path) for path in look.orphans)
    found = Findings(tip, (), managed, look.in_sync, look.warnings, orphans, look.newest)
    return InSync(found, {managed_path(path): entry for path, _, entry in look.files}, look.heads)


@lru_cache(maxsize=4096)
def _fingerprint(content: str, entry: TreeEntry) -> str:
    return str(FilePrint(content, executable=entry[0] == tree_modes.EXECUTABLE)) if entry else fingerprint(None)


def was(store: Store, asked: str) -> bool:
    """Tell whether the last look with exactly these templates found nothing to change."""
    remembered = store.memory.memo().in_sync
    return remembered is not None and remembered.asked == _asked(store, asked)


def found_before(store: Store, tip: str, asked: str) -> InSync | None:
    """Return the findings of an earlier look at exactly the same, if it found nothing to change."""
    return from_memo(store.memory.memo().in_sync, tip, _asked(store, asked))


def keep(store: Store, found: InSync, asked: str) -> None:
    store.memory.remember(in_sync=as_memo(found, _asked(store, asked)))


def _asked(store: Store, asked: str) -> str:
    return f"{store.target}:{asked}"


def keep_pushed(store: Store, commit: str, step: Step) -> None:
    """Remember that a step is in sync at this upstream commit, which holds every one of its changes."""
    odd = any(change.template or change.keep or change.hold or not change.decided for change in step.changes)
    if not step.asked or step.kept or step.held or step.merged or odd:
        return
    tree = store.tree(commit)
    there = {path: tree.at(path) for path in step.managed}
    if not any(isinstance(entry, Obstacle) for entry in there.values()):
        entries = {path: entry_there(entry) for path, entry in there.items()}
        keep(store, InSync(_findings(commit, step), entries), step.asked)


def _findings(commit: str, step: Step) -> Findings:
    """Return what a look at the step's target would find now."""
    managed = {**step.managed, **{change.path: fingerprint(change.after) for change in step.changes}}
    return Findings(commit, (), managed, step.in_sync + len(step.changes), step.warnings, step.orphans, commit)
