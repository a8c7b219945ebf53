"""Look at the tree of an upstream commit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from rollout.model import tree_modes
from rollout.objects.trees import Blob, PathChange, Tree, difference, entry_there
from rollout.store import blobs
from rollout.store.store import Store


def plain_files(store: Store, tip: str, folder: PurePosixPath) -> list[PurePosixPath]:
    """Return every plain file below a folder at an upstream commit."""
    return list(store.tree(tip).plain_files(folder))


def executable(store: Store, tip: str, path: PurePosixPath) -> bool | None:
    """Return None if nothing is at a path of an upstream commit, else whether it is executable."""
    found = store.tree(tip).at(path)
    return found if found is None else not isinstance(found, Blob) or found.mode == tree_modes.EXECUTABLE


def changed_between(store: Store, one: str, two: str) -> list[PathChange]:
    """Return every path that differs between two upstream commits, with what is there in each."""
    objects = store.objects(two)
    return list(difference(Tree(objects, one), Tree(objects, two)))


def content(store: Store, tip: str, path: PurePosixPath, *, network: bool) -> bytes | None:
    """Return the content of a plain file at a path of an upstream commit; None if there is none."""
    found = store.tree(tip).at(path)
    if not isinstance(found, Blob):
        return None
    return blobs.read(store, store.objects(tip), {found.id}, network=network)[found.id]


def entries(store: Store, tip: str, paths: Iterable[str]) -> dict[str, tuple[str, str] | None]:
    """Return mode and id of what is at paths of an upstream commit; None if there is no file."""
    tree = store.tree(tip)
    return {path: entry_there(tree.at(PurePosixPath(path))) for path in paths}
