"""Take over files that others wrote exactly as they should be, and forget the notes once we have written them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import PurePosixPath

from rollout.model.files import Agreed, File, TakenOver
from rollout.objects import pack_write
from rollout.objects.ids import git_id
from rollout.objects.stored import Content, ObjectKind
from rollout.objects.trees import TreeEntry
from rollout.store import lineage, noted, search
from rollout.store.memo import by_name, by_path
from rollout.store.noted import EndedNote, Notes
from rollout.store.store import Store


def take(store: Store, commit: str, found: Mapping[PurePosixPath, TakenOver]) -> None:
    """Take over files that others wrote exactly as they should be, from this upstream commit on."""
    if found:
        _keep_contents(store, commit, [one.file for one in found.values()])
        notes = {**by_path(store.memory.memo().noted), **noted.taken(commit, found)}
        store.memory.remember(noted=by_name(notes))


def agree(store: Store, found: Mapping[PurePosixPath, Agreed]) -> None:
    """Remember which keys of documents others wrote just as they should be."""
    if found:
        store.memory.remember(agreed={**store.memory.memo().agreed, **by_name(found)})


def _keep_contents(store: Store, commit: str, files: Iterable[File]) -> None:
    objects = store.objects(commit)
    new = {git_id(file.content, len(commit)): file.content for file in files}
    missing = [Content(ObjectKind.BLOB, content) for name, content in new.items() if objects.read(name) is None]
    if missing:
        pack_write.write(store.folder, missing, len(commit))


def recall(store: Store, tip: str) -> None:
    """Bring back notes that a write of ours had ended: a history that was written anew may not have that write."""
    memo = store.memory.memo()
    reaches = cache(lambda commit: lineage.reaches(store, commit, tip))
    alive = {name for name in memo.ended.keys() & memo.noted.keys() if reaches(memo.noted[name].commit)}
    found = {name: noted.recalled(one, reaches) for name, one in memo.ended.items() if name not in alive}
    back = {name: one for name, one in found.items() if one is not None}
    if back:
        left = {**memo.ended, **{name: one.earlier for name, one in back.items()}}
        ended = {name: one for name, one in left.items() if one is not None}
        store.memory.remember(noted={**memo.noted, **{name: one.note for name, one in back.items()}}, ended=ended)


def forget(store: Store, tip: str) -> None:
    """Forget the notes of files that a commit of ours has written since, on whatever machine."""
    notes = by_path(store.memory.memo().noted)
    kept: Notes = notes
    found: dict[PurePosixPath, TreeEntry] = {}
    for commit in {note.commit for note in notes.values()}:
        if commit != tip and lineage.reaches(store, commit, tip):
            touches = [(path, one) for path, one in search.touches(store, f"{commit}..{tip}") if one.wrote]
            found |= {path: one.before for path, one in touches}  # newest first: the oldest counts
            kept = noted.without(kept, [path for path, _ in touches], commit)
    if kept != notes:
        leave(store, kept, found)


def leave(store: Store, kept: Notes, found: Mapping[PurePosixPath, TreeEntry]) -> None:
    """Remember these notes alone; of the others, and of the files as we found them, what a revert may give back."""
    memo = store.memory.memo()
    gone = {path: note for path, note in by_path(memo.noted).items() if path not in kept}
    had = by_path(memo.ended)
    ended = {str(path): EndedNote(note, found[path], had.get(path)) for path, note in gone.items() if path in found}
    store.memory.remember(noted=by_name(kept), ended={**memo.ended, **ended})
