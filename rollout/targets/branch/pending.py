"""Find our own commit that is not upstream, and tell whether it is still what the templates ask for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.checkout.standing import Hindered, git_for, standing
from rollout.errors import GitError
from rollout.git.git_folder import GitDir
from rollout.model.files import Desired, File, Obstacle, Snapshot, Written
from rollout.model.inventory import Branch
from rollout.model.line_ends import Conversion
from rollout.objects import messages
from rollout.planning import changes
from rollout.planning.attributes_after import line_ends_after
from rollout.store import lineage, pending, snapshot
from rollout.store.pending import Pending
from rollout.store.store import Store
from rollout.targets.branch.locate import Located
from rollout.targets.job import Look


class Unpushed(Struct, frozen=True):
    """Our own commit that is not upstream: whether it is still right, and its files that upstream changed since.

    `arrived` are those that upstream has as the commit leaves them.
    """

    commit: Pending
    right: bool
    outrun: tuple[PurePosixPath, ...]
    arrived: frozenset[PurePosixPath] = frozenset()


def unpushed_at(at: Located, store: Store, look: Look, seen: Snapshot, *, network: bool) -> Unpushed | None:
    """Return our own commit that is not upstream, held against present upstream and what the templates ask for."""
    where = look.target.location
    assert isinstance(where, Branch)
    pending = pending_at(at, store, seen.revision, where)
    if pending is None:
        return None
    there = _there(store, seen, pending, network=network)
    arrived = frozenset(path for path, (_, after) in pending.files.items() if there.get(path) == after)
    left = at.repo is None or _ours_on_branch(at.repo, where, seen.revision) is None  # nothing else has to leave it
    if arrived == pending.files.keys() and left and _dropped(store, seen.revision):
        return None
    outrun = tuple(path for path, sides in pending.files.items() if there.get(path) not in sides)
    return Unpushed(pending, not outrun and _still_right(look.desired, seen, pending), outrun, arrived)


def _dropped(store: Store, tip: str) -> bool:
    """Drop a waiting commit that upstream has under other words, once what it did is remembered on the disk."""
    if store.memory.memo().searched != tip:
        return False
    try:
        store.memory.write_at_once()
    except OSError:
        return False
    pending.drop(store)
    return True


def pending_at(at: Located, store: Store, tip: str, where: Branch) -> Pending | None:
    """Return our own commit that is not upstream: the pinned one, or one that an earlier run left on the branch."""
    commit = pending.pinned(store)
    if commit is None and at.repo is not None and not at.local:
        commit = _ours_on_branch(at.repo, where, tip)
        if commit is not None:
            pending.adopt(store, at.repo.top, where.branch, commit)
    if commit is None:
        return None
    if lineage.reaches(store, commit, tip):
        pending.drop(store)
        return None
    return pending.read(store)


def _ours_on_branch(repo: GitDir, where: Branch, tip: str) -> str | None:
    local = repo.ref(f"refs/heads/{where.branch}")
    if local is None or local == tip:
        return None
    try:
        at = standing(repo, git_for(repo), where.branch, where.remote, tip)
    except (Hindered, GitError):
        return None
    return local if at.ahead and not at.persons else None


def _there(
    store: Store, seen: Snapshot, pending: Pending, *, network: bool
) -> Mapping[PurePosixPath, File | Obstacle | None]:
    """Return what upstream has at the files of the waiting commit.

    Also at those that no template names any more: they are not in the snapshot that was `seen`.
    """
    others = pending.files.keys() - seen.files.keys()
    if not others:
        return seen.files
    known = [file.content for path in others for file in pending.files[path] if file is not None]
    return {**seen.files, **snapshot.at(store, seen.revision, others, known, network=network).files}


def _still_right(desired: Desired, seen: Snapshot, pending: Pending) -> bool:
    """Tell whether the waiting commit, on top of present upstream, is exactly what the templates ask for."""
    held = messages.held(pending.message)
    ends = line_ends_after(seen, {path: after for path, (_, after) in pending.files.items()})
    for item in desired.managed:
        actual: File | Obstacle | None = seen.files.get(item.path)
        written = seen.written.get(item.path)
        if item.path in pending.files:
            before, after = pending.files[item.path]
            if actual != before:
                return False
            if held.get(str(item.path)) == item.asks:
                continue
            actual = after
            written = Written(after, pending.commit, merged=pending.merged.get(str(item.path)))
        kept = seen.kept.get(item.path)
        if not changes.satisfied(item, actual, written, ends.get(item.path, Conversion.BINARY), kept):
            return False
    return not desired.problems
