"""A commit as objects: the trees that a plan's changes make of another commit's, and the commit on top."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec import Struct, field

from rollout.errors import GitError
from rollout.model import tree_modes
from rollout.model.outcomes import Identity
from rollout.model.plan import Change
from rollout.objects import seal
from rollout.objects.ids import git_id
from rollout.objects.stored import Content, ObjectKind
from rollout.objects.trees import Objects, Tree


class _Folder(Struct):
    """The changes in one folder: new entries by name (None: removed), and the folders below it."""

    files: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    folders: dict[str, _Folder] = field(default_factory=dict)


class NewObjects(Struct):
    """The new objects of a commit, in an order in which nothing comes before what it names."""

    id_size: int
    objects: list[Content] = field(default_factory=list)
    commit: str = ""
    message: str = ""

    def add(self, kind: ObjectKind, content: bytes) -> str:
        made = Content(kind, content)
        if made not in self.objects:
            self.objects.append(made)
        return git_id(content, self.id_size, kind)


def commit(
    base: Tree, branch: str, changes: Iterable[Change], identity: Identity, message: str, when: int
) -> NewObjects:
    """Return the sealed commit on `base` that makes exactly these changes; raise GitError if there can be none."""
    built = NewObjects(len(base.commit))
    top = _Folder()
    moved = []
    for change in changes:
        entry = None if change.after is None else (change.after.mode, built.add(ObjectKind.BLOB, change.after.content))
        _place(top, change.path).files[change.path.name] = entry
        moved.append((change.path, base.entry(change.path), entry))
    root = _tree(base, base.root, top, built, PurePosixPath()) or built.add(ObjectKind.TREE, b"")
    built.message = seal.put(message, branch, identity.author, moved)
    built.commit = built.add(ObjectKind.COMMIT, _text(root, base.commit, identity, built.message, when))
    return built


def _place(top: _Folder, path: PurePosixPath) -> _Folder:
    folder = top
    for name in path.parent.parts:
        folder = folder.folders.setdefault(name, _Folder())
    return folder


def _tree(base: Tree, old: str | None, folder: _Folder, built: NewObjects, place: PurePosixPath) -> str | None:
    """Add the new tree of a folder; return its id, or None if nothing is left in it."""
    entries = dict(base.entries(old)) if old is not None else {}
    for name, below in folder.folders.items():
        there = entries.get(name)
        if there is not None and there[0] != tree_modes.FOLDER:
            raise GitError(f"{place / name} is not a folder upstream")
        made = _tree(base, there[1] if there else None, below, built, place / name)
        _set(entries, name, (tree_modes.FOLDER, made) if made else None)
    for name, entry in folder.files.items():
        if name in entries and not tree_modes.is_file(entries[name][0]):
            raise GitError(f"{place / name} is not a plain file upstream")
        _set(entries, name, entry)
    return built.add(ObjectKind.TREE, _packed(entries)) if entries else None


def _set(entries: dict[str, tuple[str, str]], name: str, entry: tuple[str, str] | None) -> None:
    if entry is None:
        entries.pop(name, None)
    else:
        entries[name] = entry


def _packed(entries: dict[str, tuple[str, str]]) -> bytes:
    """Return a tree as git stores it: sorted as if folders ended in a slash."""
    named = [(name.encode("utf-8", "surrogateescape"), mode, found) for name, (mode, found) in entries.items()]
    named.sort(key=lambda entry: entry[0] + b"/" if entry[1] == tree_modes.FOLDER else entry[0])
    return b"".join(mode.lstrip("0").encode() + b" " + name + b"\0" + bytes.fromhex(i) for name, mode, i in named)


def _text(tree: str, parent: str, identity: Identity, message: str, when: int) -> bytes:
    author, committer = identity.author, identity.committer
    lines = (
        f"tree {tree}",
        f"parent {parent}",
        f"author {author.name} <{author.email}> {when} +0000",
        f"committer {committer.name} <{committer.email}> {when} +0000",
        "",
        message,
    )
    return "\n".join(lines).encode()


def brought(objects: Objects, base: str, commit: str) -> list[Content]:
    """Return the objects of a commit that its parent does not have: those to send to whoever has the parent."""
    found: dict[str, Content] = {}
    _brought(objects, Tree(objects, base), Tree(objects, commit), found)
    _take(objects, commit, found)
    return list(found.values())


def _brought(objects: Objects, base: Tree, new: Tree, found: dict[str, Content]) -> None:
    waiting: list[tuple[str | None, str]] = [(base.root, new.root)]
    while waiting:
        left, right = waiting.pop()
        if left == right or right in found:
            continue
        _take(objects, right, found)
        before = base.entries(left) if left is not None else {}
        for name, (mode, entry) in new.entries(right).items():
            old = before.get(name)
            if mode == tree_modes.FOLDER:
                waiting.append((old[1] if old and old[0] == tree_modes.FOLDER else None, entry))
            elif mode != tree_modes.SUBMODULE and (old is None or old[1] != entry):
                _take(objects, entry, found)


def _take(objects: Objects, name: str, found: dict[str, Content]) -> None:
    there = objects.read(name)
    if there is None:
        raise GitError(f"object {name} is not in the store")
    found[name] = there.without_id
