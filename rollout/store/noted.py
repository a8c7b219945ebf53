"""Files that others wrote and that were exactly as the templates ask: ours from then on, noted in the state folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from rollout.model.files import File, Written
from rollout.objects.seal import Side
from rollout.store import history
from rollout.store.history import Touch


class Note(Struct, frozen=True):
    """What a file was, and at which upstream commit, when it was found to be as it should be."""

    commit: str
    entry: Side


Notes = Mapping[PurePosixPath, Note]


def taken(commit: str, files: Mapping[PurePosixPath, File]) -> Notes:
    return {path: Note(commit, history.entry_of(file, commit)) for path, file in files.items()}


def without(notes: Notes, paths: Iterable[PurePosixPath], commit: str | None = None) -> Notes:
    """Return the notes but those of the paths, of which rollout wrote something since that commit."""
    gone = set(paths)
    return {p: note for p, note in notes.items() if p not in gone or (commit and note.commit != commit)}


def written(note: Note, touches: list[Touch], last: Written | None, contents: Mapping[str, bytes]) -> Written:
    """Return what counts as written at a path that has a note, which is newer than every commit of ours there."""
    newest = next(iter(history.own(touches)), None)
    if last is not None and newest is not None and newest.after == note.entry and not last.disputed:
        return last
    file = history.entry_file(note.entry, contents)
    return Written(file, note.commit, last.ours if last is not None else (), disputed=file is None, noted=True)


def as_memo(notes: Notes) -> dict[str, Any]:
    return {str(path): [note.commit, note.entry] for path, note in notes.items()}


def from_memo(memo: Mapping[str, Any]) -> Notes:
    """Return the notes that can be read; a note that cannot is lost, and its file somebody's again."""
    kept = memo.get("noted")
    found: dict[PurePosixPath, Note] = {}
    for path, entry in kept.items() if isinstance(kept, dict) else ():
        match entry:
            case [str(commit), [str(mode), str(name)]]:
                found[PurePosixPath(path)] = Note(commit, (mode, name))
    return found
