"""A person's checkout: how far it is from upstream, and what keeps it from following."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from rollout.checkout import discover, index_lock
from rollout.checkout.differences import behind_by, differing_files
from rollout.checkout.edits import show
from rollout.checkout.standing import Hindered, git_for, hindrance, standing
from rollout.errors import GitError
from rollout.git.git_folder import GitDir, NotOurs
from rollout.git.person import Person
from rollout.machine import look
from rollout.model.circumstances import Checkout
from rollout.model.files import Managed, Obstacle
from rollout.objects.ids import git_id
from rollout.objects.trees import Entry, Tree
from rollout.store.store import Store


def observe(
    top: Path,
    branch: str,
    remote: str,
    upstream: str,
    managed: list[Managed],
    store: Store,
    person: Person,
    *,
    follow: bool,
) -> Checkout:
    """Say whether the checkout has what upstream has at the managed paths, and if not, why. Changes nothing."""
    try:
        repo = discover.discover(top)
        git = git_for(repo)
        where = standing(repo, git, branch, remote, upstream)
        reason = hindrance(repo, branch)
        with ExitStack() as stack:
            there = store.objects(upstream)
            new = Tree(there, upstream)
            behind, files = differing_files(repo, git, where, new, there, managed, person, stack)
    except (NotOurs, Hindered, GitError) as error:
        return Checkout(has_it=False, reason=str(error), differing=tuple((item.path, str(error)) for item in managed))
    persons = len(where.persons)
    ahead, missing = len(where.ahead), behind_by(repo, git, store, where.local, upstream)
    if repo.head() == f"refs/heads/{branch}" and not behind and not files:
        return Checkout(commit=where.local, ahead=ahead, behind=missing)
    if reason is None and persons and behind:
        reason = f"{persons} commit{'s' * (persons > 1)} of your own {'are' if persons > 1 else 'is'} not upstream"
    if reason is None and files:
        reason = show(files)
    lock = repo.git_dir / "index.lock"
    if reason is None and os.path.lexists(lock) and not index_lock.is_stale(lock):
        reason = f"busy: {lock} exists"
    if reason is None and not follow:
        reason = "the inventory says checkout: leave"
    can_follow = reason is None
    reason = reason or "not updated yet"
    others = repo.head() != f"refs/heads/{branch}"
    paths = [item.path for item in managed]
    lacking = paths if others else [path for path in paths if path in behind or path in files]
    differing = tuple((path, f"{path} {files[path]}" if path in files else reason) for path in lacking)
    return Checkout(False, reason, can_follow, where.local, ahead, missing, differing)


def has_all(repo: GitDir, branch: str, upstream: str, entries: Mapping[PurePosixPath, Entry]) -> bool:
    """Tell whether the branch is checked out at upstream's commit with every managed file as it is there, to the byte.

    This is the common case, decided without a process; where it says no, `observe` finds out why.
    """
    ref = f"refs/heads/{branch}"
    if repo.head() != ref or repo.ref(ref) != upstream:
        return False
    try:
        with look.opened(repo.top) as top:
            return all(_entry_at(top, path, len(upstream)) == entry for path, entry in entries.items())
    except OSError:
        return False


def _entry_at(top: int, path: PurePosixPath, size: int) -> Entry | Obstacle:
    """Return the entry that a work tree file would be if git stored it as it is."""
    there = look.look_below(top, path)
    if there is None or isinstance(there, Obstacle):
        return there
    return "100755" if there.executable else "100644", git_id(there.content, size)
