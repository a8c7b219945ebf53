"""Build our commit in a store: exactly the planned changes, read back, signed if the person signs, pinned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from rollout.errors import GitError
from rollout.git.run import Git
from rollout.model.outcomes import Identity, Run
from rollout.model.plan import Change
from rollout.objects import build, messages, pack_write
from rollout.objects.ids import git_id
from rollout.objects.trees import Objects, Tree, TreeEntry, difference
from rollout.store import pending
from rollout.store.store import Store


def commit(store: Store, base: str, changes: Iterable[Change], run: Run, identity: Identity, message: str) -> str:
    """Make the commit on `base` with exactly these changes, and pin it; return its id."""
    planned = list(changes)
    objects = store.objects(base)
    when = _when(objects, base, run)
    built = build.commit(Tree(objects, base), store.remote.branch, planned, identity, message, when)
    _, pack = pack_write.write(store.folder, built.objects, len(base))
    _verify(objects, base, built.commit, planned)
    if identity.sign:
        return _pinned(store, _signed(store, built.commit, base, identity, built.message, when))
    store.built.clear()
    store.built[built.commit] = pack
    return _pinned(store, built.commit)


def _when(objects: Objects, base: str, run: Run) -> int:
    found = objects.read(base)
    if found is None:
        raise GitError(f"commit {base} is not in the store")
    return messages.dated(run.epoch, found.content)


def _pinned(store: Store, made: str) -> str:
    pending.pin(store, made)
    return made


def _verify(objects: Objects, base: str, made: str, planned: list[Change]) -> None:
    """Check the commit, as it is on the disk, against the plan: not one path or byte more or less."""
    after = {path: entry for path, _, entry in difference(Tree(objects, base), Tree(objects, made))}
    _compare(after, {change.path: _entry(change, len(base)) for change in planned})
    for path, entry in after.items():
        if entry is not None and objects.read(entry[1]) is None:
            raise GitError(f"the commit would not be the plan; missing: {path}")


def _entry(change: Change, id_size: int) -> TreeEntry:
    return None if change.after is None else (change.after.mode, git_id(change.after.content, id_size))


def _compare(made: Mapping[PurePosixPath, TreeEntry], wanted: Mapping[PurePosixPath, TreeEntry]) -> None:
    if made != wanted:
        differing = (path for path in made if path in wanted and made[path] != wanted[path])
        odd = sorted(map(str, made.keys() ^ wanted.keys())) or sorted(map(str, differing))
        raise GitError(f"the commit would not be the plan; differing: {', '.join(odd[:5])}")


def _signed(store: Store, made: str, base: str, identity: Identity, message: str, when: int) -> str:
    """Make the same commit with the person's signature; it fails rather than go unsigned."""
    arguments = ("commit-tree", "-S", f"{made}^{{tree}}", "-p", base)
    try:
        signed = _signing(store, identity, when).run(*arguments, stdin=message.encode(), limit=60.0)
    except GitError as error:
        pending.drop(store)
        raise GitError(f"the commit could not be signed (commit.gpgsign is set): {error}") from error
    return signed.out.decode().strip()


def _signing(store: Store, identity: Identity, when: int) -> Git:
    return store.git.with_options(
        *identity.signing,
        "core.fsync=all",  # its pin must survive a power cut, and git does not sync loose objects unless told to
        GIT_AUTHOR_NAME=identity.author.name,
        GIT_AUTHOR_EMAIL=identity.author.email,
        GIT_COMMITTER_NAME=identity.committer.name,
        GIT_COMMITTER_EMAIL=identity.committer.email,
        GIT_AUTHOR_DATE=f"{when} +0000",
        GIT_COMMITTER_DATE=f"{when} +0000",
    )
