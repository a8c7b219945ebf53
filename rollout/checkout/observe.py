"""Observe a person's checkout: how far it is from upstream, and what keeps it from following."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from rollout.checkout import discover, index_lock
from rollout.checkout.collisions import collisions
from rollout.checkout.differences import CheckedOut, behind_by, differing_files, edits_in_the_way, unlike_upstream
from rollout.checkout.standing import BranchStanding, Hindered, git_for, hindrance, standing
from rollout.errors import Damaged, GitError
from rollout.git.git_folder import NotOurs
from rollout.git.person import Person
from rollout.model.circumstances import CheckoutState
from rollout.model.files import Managed
from rollout.model.hindrances import (
    DifferingFile,
    Edited,
    LeftAlone,
    Locked,
    NotUpdated,
    OwnCommits,
    PushedSince,
    Unusable,
)
from rollout.model.inventory import Branch
from rollout.store.store import Store


def observe(
    top: Path, where: Branch, upstream: str, managed: list[Managed], store: Store, person: Person
) -> CheckoutState:
    """Tell whether the checkout has upstream's managed files, and if not, why. Changes nothing."""
    try:
        repo = discover.discover(top)
        git = git_for(repo)
        here = CheckedOut(repo, git, standing(repo, git, where.branch, where.remote, upstream))
        hindered = hindrance(repo, git, where.branch)
        with ExitStack() as stack:
            behind, files = differing_files(here, upstream, store, managed, person, stack)
            others = repo.head() != f"refs/heads/{where.branch}"
            ours_alone = not (others or behind or files) and _is_ours_alone(here.standing)
            unlike = unlike_upstream(here, upstream, store, managed, person) if others and behind else files
            if ours_alone:
                files = _edits(here, upstream, store, person, stack)
    except Damaged:
        raise  # ours, and not a fault of the checkout
    except (NotOurs, Hindered, GitError) as error:
        unusable = Unusable(str(error))
        lacking = tuple(DifferingFile(item.path, unusable) for item in managed)
        return CheckoutState(has_it=False, why=unusable, differing=lacking)
    at = here.standing
    collides = collisions(git, at.persons, {item.path for item in managed})
    ahead, missing = len(at.ahead), behind_by(here, store, upstream)
    if not others and not behind and not files and not ours_alone:
        return CheckoutState(commit=at.local, ahead=ahead, behind=missing, collides=collides)
    why = hindered or _in_the_way(here, behind, files) or _unhindered(here, where, upstream, missing)
    can_follow = isinstance(why, NotUpdated | PushedSince)
    if ours_alone:
        return CheckoutState(True, why, can_follow, at.local, ahead, missing, collides=collides, ours_alone=True)
    paths = [item.path for item in managed]
    apart = unlike.keys() if others else {*behind, *files}
    without = [path for path in paths if path in apart]
    edits = {} if others else files  # what is committed on another branch is no edit
    differing = tuple(DifferingFile(path, why, edits.get(path, "")) for path in without)
    return CheckoutState(False, why, can_follow, at.local, ahead, missing, differing, collides)


def _unhindered(
    here: CheckedOut, where: Branch, upstream: str, missing: int | None
) -> LeftAlone | NotUpdated | PushedSince:
    """Say why a branch that may move is not as upstream is: it lags, or was pushed beyond what we saw there."""
    if not where.follow:
        return LeftAlone()
    if missing != 0 or here.standing.ahead:
        return NotUpdated()
    counted = here.git.attempt("rev-list", "--count", f"{upstream}..{here.standing.local}", "--")
    return PushedSince(int(counted.out)) if not counted.code and int(counted.out) else NotUpdated()


def _is_ours_alone(at: BranchStanding) -> bool:
    return bool(at.ahead) and not at.persons


def _edits(here: CheckedOut, upstream: str, store: Store, person: Person, stack: ExitStack) -> dict[PurePosixPath, str]:
    """Return the edits that keep the branch from moving; none where that cannot be told: the move itself will."""
    try:
        return edits_in_the_way(here, upstream, store, person, stack)
    except Damaged:
        raise
    except GitError:
        return {}


def _in_the_way(
    here: CheckedOut, behind: list[PurePosixPath], files: Mapping[PurePosixPath, str]
) -> OwnCommits | Edited | Locked | None:
    """Return which work of the person's keeps the checkout from following."""
    if here.standing.persons and behind:
        return OwnCommits(len(here.standing.persons))
    if files:
        return Edited(tuple(files.items()))
    lock = here.repo.git_dir / "index.lock"
    return Locked(lock) if os.path.lexists(lock) and not index_lock.is_stale(lock) else None
