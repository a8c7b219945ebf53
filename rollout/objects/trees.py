"""Paths in git's trees: the entry there, what prevents a file there, and the differences of two trees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Protocol

from msgspec import Struct

from rollout.errors import GitError
from rollout.model import tree_modes
from rollout.model.files import DIRECTORY, File, Obstacle, in_the_way
from rollout.objects.ids import git_id
from rollout.objects.stored import Stored
from rollout.safety import paths


class Objects(Protocol):
    """Anything that can look an object up: None if it is not here."""

    def read(self, name: str) -> Stored | None: ...


class Blob(Struct, frozen=True):
    id: str
    mode: str


class Tree:
    """Looks paths up in the trees of one commit; each tree is read once."""

    def __init__(self, objects: Objects, commit: str) -> None:
        self.commit = commit
        self._objects = objects
        self._size = len(commit) // 2
        self._trees: dict[str, dict[str, tuple[str, str]]] = {}
        self._folded: dict[str, dict[str, str]] = {}
        root = objects.read(f"{commit}^{{tree}}")
        if root is None:
            raise GitError(f"the trees of commit {commit} are not here")
        self.root = root.id
        self._keep(root.id, root.content)

    def at(self, path: PurePosixPath) -> Blob | Obstacle | None:
        tree = self.root
        for depth, name in enumerate(path.parts):
            twin = self._folded[tree].get(paths.fold(name), name)
            entry = self._trees[tree].get(name)
            if twin != name:
                remedy = "rename the template, or the file that is there"
                return Obstacle(f"a twin of {twin!r}, which differs only in case or Unicode form,", remedy=remedy)
            if entry is None:
                return None
            mode, found = entry
            last = depth == len(path.parts) - 1
            if mode == tree_modes.SUBMODULE:
                return in_the_way("a submodule" if last else f"inside the submodule {_down_to(path, depth)}")
            if mode == tree_modes.SYMLINK:
                if last:
                    return Obstacle("a symlink", found)
                return in_the_way(f"behind the symlink {_down_to(path, depth)}")
            if tree_modes.is_file(mode):
                if not last:
                    return in_the_way(f"below the file {_down_to(path, depth)}")
                return Blob(found, tree_modes.reported(mode))
            if last:
                return DIRECTORY
            tree = self._load(found)
        return None

    def entry(self, path: PurePosixPath) -> TreeEntry:
        """Return (mode, id) of the entry exactly at `path`, or None."""
        tree = self.root
        for name in path.parent.parts:
            found = self._trees[self._load(tree)].get(name)
            if found is None or found[0] != tree_modes.FOLDER:
                return None
            tree = found[1]
        return self._trees[self._load(tree)].get(path.name)

    def entries(self, tree: str) -> dict[str, tuple[str, str]]:
        """Return name -> (mode, id) of one tree."""
        return self._trees[self._load(tree)]

    def plain_files(self, folder: PurePosixPath) -> Iterator[PurePosixPath]:
        """Yield every plain file below a folder, and no symlink and no submodule."""
        tree = self.root
        for name in folder.parts:
            mode, tree = self.entries(tree).get(name, ("", ""))
            if mode != tree_modes.FOLDER:
                return
        yield from self._plain_files(tree, folder)

    def _plain_files(self, tree: str, above: PurePosixPath) -> Iterator[PurePosixPath]:
        for name, (mode, found) in self.entries(tree).items():
            if mode == tree_modes.FOLDER:
                yield from self._plain_files(found, above / name)
            elif tree_modes.is_file(mode):
                yield above / name

    def attribute_files(self, managed: Iterable[PurePosixPath]) -> dict[str, str]:
        """Return folder -> id of each .gitattributes that applies to the paths."""
        places = ((folder, self.at(place)) for folder, place in _attribute_places(tuple(managed)))
        return {folder: at.id for folder, at in places if isinstance(at, Blob)}

    def _load(self, name: str) -> str:
        if name not in self._trees:
            found = self._objects.read(name)
            if found is None:
                raise GitError(f"tree {name} is not here")
            self._keep(name, found.content)
        return name

    def _keep(self, name: str, content: bytes) -> None:
        from rollout.objects import pack_format  # what is remembered answers most questions

        entries = {
            entry.decode("utf-8", "surrogateescape"): (mode, inside)
            for mode, entry, inside in pack_format.tree_entries(content, self._size)
        }
        self._trees[name] = entries
        folded: dict[str, str] = {}
        for entry in entries:
            key = paths.fold(entry)
            # If upstream has twins already, we cannot tell which of them a path of ours means.
            folded[key] = entry if key not in folded else f"{folded[key]} and {entry}"
        self._folded[name] = folded


@lru_cache(maxsize=256)  # a fleet has the same paths in every repository
def _attribute_places(managed: tuple[PurePosixPath, ...]) -> list[tuple[str, PurePosixPath]]:
    """Return each folder, "" for the topmost, and the .gitattributes in it that applies to one of the paths."""
    folders = {parent for path in managed for parent in path.parents}
    return [("" if str(folder) == "." else str(folder), folder / ".gitattributes") for folder in folders]


TreeEntry = tuple[str, str] | None  # (mode, id), or None if there is nothing


def entry_of(file: File | None, like: str) -> TreeEntry:
    """Return the entry of a file; `like` is an id as long as the repository's."""
    return None if file is None else file_entry(file, like)


def file_entry(file: File, like: str) -> tuple[str, str]:
    return file.mode, git_id(file.content, len(like))


def entry_there(found: object) -> TreeEntry:
    """Return the entry of what a tree has at a path; None if that is no file."""
    return (found.mode, found.id) if isinstance(found, Blob) else None


PathChange = tuple[PurePosixPath, TreeEntry, TreeEntry]


def _down_to(path: PurePosixPath, depth: int) -> str:
    return "/".join(path.parts[: depth + 1])


def difference(one: Tree, two: Tree) -> Iterator[PathChange]:
    """Yield every path whose entry differs (files, links and submodules), in any order."""
    yield from _difference(one, one.root, two, two.root, PurePosixPath())


def _difference(
    one: Tree, left: str | None, two: Tree, right: str | None, above: PurePosixPath
) -> Iterator[PathChange]:
    if left == right:
        return
    before = one.entries(left) if left else {}
    after = two.entries(right) if right else {}
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        old_tree = old[1] if old and old[0] == tree_modes.FOLDER else None
        new_tree = new[1] if new and new[0] == tree_modes.FOLDER else None
        if old_tree or new_tree:
            yield from _difference(one, old_tree, two, new_tree, above / name)
        old_leaf, new_leaf = (None if old_tree else old), (None if new_tree else new)
        if old_leaf != new_leaf:
            yield above / name, old_leaf, new_leaf
