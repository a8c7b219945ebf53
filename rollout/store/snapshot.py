"""Read the managed paths at an upstream commit, and what rollout last wrote there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.content import attributes
from rollout.content.line_ends import conversion
from rollout.model import tree_modes
from rollout.model.files import File, Obstacle, Snapshot, Written, symlink
from rollout.objects.ids import git_id
from rollout.objects.trees import Blob, Tree, entry_of, entry_there
from rollout.store import blobs, history, keeping, last_written, names, noted, own_commits
from rollout.store.history import History
from rollout.store.memo import by_path
from rollout.store.noted import Notes
from rollout.store.store import Store

Contents = Mapping[str, bytes]  # of blobs, by their ids


class _There(Struct, frozen=True):
    """The entries at the managed paths of a commit, and the attributes in force, as far as trees tell."""

    tree: Tree
    entries: Mapping[PurePosixPath, Blob | Obstacle | None]
    attribute_files: Mapping[str, str]  # folder and blob

    def blobs(self) -> set[str]:
        return {entry.id for entry in self.entries.values() if isinstance(entry, Blob)}

    def links(self) -> set[str]:
        return {entry.link for entry in self.entries.values() if isinstance(entry, Obstacle) and entry.link}

    def is_known(self, contents: Contents) -> bool:
        """Tell whether every path has a file with known content."""
        return all(isinstance(entry, Blob) and entry.id in contents for entry in self.entries.values())


def at(
    store: Store,
    tip: str,
    wanted: Iterable[PurePosixPath],
    known: Iterable[bytes],
    *,
    network: bool,
    merged: Collection[PurePosixPath] = (),
) -> Snapshot:
    """Return the managed paths at an upstream commit, and what rollout last wrote there.

    `known` are contents that may be there already: a blob with the same id needs no transfer. For the `merged` paths,
    everything that rollout ever wrote is read.
    """
    contents = {git_id(content, len(tip)): content for content in known}
    there = _there(store, tip, list(wanted))
    past = own_commits.past_of(store, tip, network=network, needed=not there.is_known(contents))
    needed = there.blobs() | set(there.attribute_files.values()) | history.blobs_of(past, there.entries, merged)
    contents |= blobs.here(store.objects(tip), there.links() - contents.keys())
    needed |= there.links() if network else set()  # one that is not here is told without where it leads
    contents |= blobs.read(store, store.objects(tip), needed - contents.keys(), network=network)
    taken = _taken(store, past, there)
    ours = {blob for note in taken.values() for blob in note.blobs} | history.taken_over(past, there.entries)
    contents |= blobs.here(store.objects(tip), ours - contents.keys())
    written = dict(_written(past, taken, there, contents, names.names(store)))
    found = {folder: contents.get(blob, b"") for folder, blob in there.attribute_files.items()}
    in_force = attributes.in_force(found, there.entries)
    files = {path: _file(entry, in_force[path], contents) for path, entry in there.entries.items()}
    ends = {path: conversion(states) for path, states in in_force.items()}
    rules = found if any(path.name == attributes.NAME for path in there.entries) else None
    kept = keeping.kept(store, past, there.entries)
    held = keeping.held(store, past, there.entries)
    memo = store.memory.memo()
    unsearched = not network and not memo.searched
    agreed = by_path(memo.agreed)
    entries = {path: entry_there(there.entries[path]) for path in held}
    back = frozenset(path for path in held if history.is_given_back(past.get(path, ()), entries[path]))
    seen = Snapshot(tip, files, written, ends, memo.newest, kept, held, back, agreed=agreed, unsearched=unsearched)
    return seen if rules is None else replace(seen, attribute_files=rules)


def undoing(store: Store, there: Snapshot, before: Mapping[PurePosixPath, File | None]) -> dict[PurePosixPath, Written]:
    """Return what we will have written last when a revert has made files of ours what they were before."""
    tip, known = there.revision, by_path(store.memory.memo().history)
    past = {
        path: history.undoing(known[path], entry_of(now, tip), entry_of(old, tip))
        for path, old in before.items()
        if path in known and not isinstance(now := there.files.get(path), Obstacle)
    }
    contents = blobs.here(store.objects(tip), history.blobs_of(past, past, past.keys()))
    had = names.names(store)
    found = ((path, last_written.written(touches, contents, had)) for path, touches in past.items())
    return {path: last for path, last in found if last is not None}


def _there(store: Store, tip: str, managed: list[PurePosixPath]) -> _There:
    tree = store.tree(tip)
    entries = {path: tree.at(path) for path in managed}
    return _There(tree, entries, tree.attribute_files(managed))


def _taken(store: Store, past: History, there: _There) -> Notes:
    """Return the notes of files that others have as they should be, also of those that a revert made so again."""
    memo, found = store.memory.memo(), there.entries
    ended = {path: one for path, one in by_path(memo.ended).items() if path in found}
    back = {path: one.note for path, one in ended.items() if one.there == entry_there(found[path])}
    again = {path: note for path, note in back.items() if history.is_given_back(past.get(path, ()), ended[path].there)}
    return again | {path: note for path, note in by_path(memo.noted).items() if path in found}


def _written(
    past: History, taken: Notes, there: _There, contents: Contents, had: Collection[str]
) -> Iterator[tuple[PurePosixPath, Written]]:
    """Yield what rollout last wrote at each path, or what counts as that."""
    for path in there.entries:
        touches = past.get(path, [])
        last = last_written.written(touches, contents, had) if touches else None
        if path in taken:
            yield path, noted.written(taken[path], touches, last, contents)
        elif last is not None:
            yield path, last
    yield from _orphans(past, there, had)


def _orphans(past: History, there: _There, had: Collection[str]) -> Iterator[tuple[PurePosixPath, Written]]:
    """Yield the target's files that no template names any more; only their existence counts. `had` are its names."""
    for path, touches in past.items():
        mine = [] if path in there.entries else history.in_force(touches)
        if mine and mine[0].target in had and isinstance(there.tree.at(path), Blob):
            yield path, Written(File(b""), mine[0].commit)


def _file(entry: Blob | Obstacle | None, in_force: Mapping[str, str], contents: Contents) -> File | Obstacle | None:
    by_attribute = attributes.obstacle(in_force)
    if by_attribute is not None:
        return by_attribute
    if isinstance(entry, Blob):
        return File(contents[entry.id], entry.mode == tree_modes.EXECUTABLE)
    if isinstance(entry, Obstacle) and entry.link:
        return symlink(contents.get(entry.link, b"").decode("utf-8", "replace"))
    return entry
