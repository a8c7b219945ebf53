"""Our own commit that waits in a store for a push."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from rollout.errors import GitError
from rollout.machine import state_folder
from rollout.model import tree_modes
from rollout.model.files import File
from rollout.objects import messages
from rollout.objects.stored import ObjectKind
from rollout.objects.trees import Objects, Tree, TreeEntry, difference
from rollout.store import refs
from rollout.store.store import Store

PENDING = "refs/rollout/pending"


class Pending(Struct, frozen=True):
    """Our own commit that is not upstream: it, its parent, and the files before and after."""

    commit: str
    parent: str
    message: str
    files: Mapping[PurePosixPath, tuple[File | None, File | None]]
    merged: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return self.message.split("\n", 1)[0]


def _ref(store: Store) -> str:
    return f"{PENDING}/{state_folder.key(store.target, store.remote.branch)}"


def pinned(store: Store) -> str | None:
    """Return the waiting commit's id, whether or not it can be read."""
    return refs.at(store, _ref(store))


def read(store: Store, commit: str | None = None) -> Pending | None:
    """Return our own commit that waits for a push, or a named one, if it is there and readable."""
    name = commit or pinned(store)
    try:
        return None if name is None else within(store.objects(name), name)
    except GitError:
        return None


def within(objects: Objects, name: str) -> Pending | None:
    """Return a commit of ours from its objects; None if they do not have it with its one parent."""
    found = objects.read(name)
    if found is None or found.kind is not ObjectKind.COMMIT:
        return None
    parents, text = messages.parts(found.content)
    if len(parents) != 1 or objects.read(parents[0]) is None:
        return None
    moved = difference(Tree(objects, parents[0]), Tree(objects, name))
    files = {path: (_file(objects, before), _file(objects, after)) for path, before, after in moved}
    return Pending(name, parents[0], text, dict(sorted(files.items())), messages.merged(text))


def _file(objects: Objects, entry: TreeEntry) -> File | None:
    if entry is None:
        return None
    mode, name = entry
    found = objects.read(name)
    return File(found.content if found else b"", mode == tree_modes.EXECUTABLE)


def pin(store: Store, commit: str) -> None:
    refs.put(store, _ref(store), commit)


def drop(store: Store) -> None:
    refs.drop(store, _ref(store))


def keep(store: Store, commit: str) -> None:
    """Sync the waiting commit to the disk, now that it stays here: before a push nobody relies on its ref."""
    if pinned(store) == commit:
        refs.put(store, _ref(store), commit, durable=True)


def adopt(store: Store, top: Path, branch: str, commit: str) -> None:
    """Fetch our own commit from the person's repository, where an earlier run left it."""
    from rollout.store import transfer

    transfer.from_repository(store, top, f"refs/heads/{branch}", _ref(store))
    if pinned(store) != commit:
        drop(store)
