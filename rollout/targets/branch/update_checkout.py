"""Update the checkout to what we committed or pushed, or clone it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from rollout.checkout.moving import follow
from rollout.checkout.moving.bring import Bring, Destination, fetch, unpack
from rollout.checkout.standing import Hindered
from rollout.errors import GitError
from rollout.git.run import Git
from rollout.machine import files, unnamed_folder
from rollout.model.outcomes import Note, NotFollowed
from rollout.remote import contact
from rollout.safety.faults import first_line
from rollout.store import lineage, push
from rollout.targets.branch.task import Task

_CLONE = ".rollout-clone."
CLONED = "checkout cloned"  # as the person reads it


def update_checkout(task: Task, commit: str, upstream: str, *, published: bool) -> list[Note]:
    """Update the checkout to what is committed or pushed already; a failure is only a note."""
    try:
        return follow_or_clone(task, commit, upstream, published=published)
    except (GitError, OSError) as error:
        return [NotFollowed(_words(error))]


def _words(error: GitError | OSError) -> str:
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else first_line(str(error))


def follow_or_clone(task: Task, commit: str, upstream: str, *, published: bool) -> list[Note]:
    """Update the checkout, if there is one and it may move; return notes for the person."""
    if task.at.top is None or (not task.where.follow and not task.at.clone):
        return []
    if task.at.clone:
        return [clone(task, task.at.top) or CLONED] if published and task.where.follow else []
    if task.at.repo is None:
        return [f"checkout not touched: {task.at.trouble}"]
    try:
        notes = [] if published or _has(task, commit) else _catch_up(task, upstream)
        return [*notes, *_move(task, commit, upstream, published=published)]
    except Hindered as error:
        return [NotFollowed(str(error))]


def _catch_up(task: Task, upstream: str) -> list[str]:
    """Update a checkout that is behind to upstream's commit, the only one that our commit can be based on."""
    if _has(task, upstream):
        return []
    if task.settings.offline:
        raise Hindered("it is behind upstream, and --offline fetches nothing")
    return _move(task, upstream, upstream, published=True)


def _move(task: Task, commit: str, upstream: str, *, published: bool) -> list[str]:
    to = Destination(task.where.branch, task.where.remote, commit, upstream, published, _bring(task, commit))
    return move(task, to)


def move(task: Task, to: Destination) -> list[str]:
    """Move the checkout; raise Hindered, leaving everything as it was, if that is not safe now."""
    assert task.at.top is not None
    person = task.settings.person
    return follow.follow(task.at.top, to, person, person.identity, task.store.git.held).notes


def _bring(task: Task, commit: str) -> Bring:
    """Choose how the commit gets into the person's repository: as a pack if we can, else by a fetch."""
    # Our store may lack old trees and files of commits that others made, and it may be damaged.
    with suppress(GitError):
        parent = lineage.parent(task.store, commit)
        if parent is not None and _has(task, parent):
            return unpack(push.pack(task.store, commit, parent))
    return fetch(task.at.remote.url, task.where.branch, task.at.remote.access, commit)


def _has(task: Task, commit: str) -> bool:
    """Tell whether the person's repository has a commit as its base, so that the move needs no network."""
    assert task.at.repo is not None
    refs = (f"refs/heads/{task.where.branch}", f"refs/remotes/{task.where.remote}/{task.where.branch}")
    return commit in {task.at.repo.ref(ref) for ref in refs}


def clone(task: Task, top: Path) -> NotFollowed | None:
    """Put a complete clone at the path, or nothing; then return why."""
    top.parent.mkdir(parents=True, exist_ok=True)
    try:
        with unnamed_folder.unnamed(top, _CLONE) as scratch:
            _git_clone(task, scratch)
            _unlock(scratch)
            files.sync_all(scratch)  # before it has its name: nobody could tell that half a clone is incomplete
            scratch.rename(top)
            files.sync_folder(top.parent)
    except (GitError, OSError) as error:
        return NotFollowed(_words(error), cloning=True)
    return None


def _unlock(clone: Path) -> None:
    """Remove the locks that git left in a clone: where it may not delete one, it says nothing, and nobody holds it."""
    for left in (clone / ".git").rglob("*.lock"):
        left.unlink()


def _git_clone(task: Task, place: Path) -> None:
    remote = task.at.remote
    contact.run(
        Git(held=task.store.git.held), remote.url, remote.access,
        "clone", "--quiet", "--template=", "--no-recurse-submodules", f"--origin={task.where.remote}",
        f"--branch={task.where.branch}", "--end-of-options", remote.url, str(place),
        limit=remote.access.transfer_limit,
    )  # fmt: skip
