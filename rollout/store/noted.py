"""Files that others wrote exactly as the templates ask: ours from then on, recorded in the state folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.model.files import TakenOver, Written
from rollout.objects.trees import TreeEntry, entry_of, file_entry
from rollout.store import history
from rollout.store.history import History, Touch


class Note(Struct, frozen=True, array_like=True):
    """A file, and the upstream commit at which it was found to be as it should be."""

    commit: str
    entry: tuple[str, str]  # mode and id
    keys_only: bool = False
    as_left: bool = False
    there: TreeEntry = None  # what stood there, where `entry` has markers that it had not

    @property
    def blobs(self) -> set[str]:
        return {entry[1] for entry in (self.entry, self.there) if entry is not None}


Notes = Mapping[PurePosixPath, Note]


class EndedNote(Struct, frozen=True, array_like=True):
    """A note that our first write since has ended, and the whole file as that write found it.

    `earlier` is the one of the same file that had ended before this note was made.
    """

    note: Note
    there: TreeEntry
    earlier: EndedNote | None = None


def taken(commit: str, found: Mapping[PurePosixPath, TakenOver]) -> Notes:
    return {
        path: Note(commit, file_entry(one.file, commit), one.keys_only, one.as_left, entry_of(one.there, commit))
        for path, one in found.items()
    }


def without(notes: Notes, paths: Iterable[PurePosixPath], commit: str | None = None) -> Notes:
    """Return the notes, except for paths that rollout has written since that commit."""
    gone = set(paths)
    return {p: note for p, note in notes.items() if p not in gone or (commit and note.commit != commit)}


def recalled(ended: EndedNote | None, reaches: Callable[[str], bool]) -> EndedNote | None:
    """Return the newest of the notes that ended whose commit upstream still has, or has again."""
    while ended is not None and not reaches(ended.note.commit):
        ended = ended.earlier
    return ended


def with_bases(new: History, notes: Notes) -> History:
    """Return new changes of ours; a merge of drift, or of a document, keeps what we had taken over before it."""
    return {path: _with_base(touches, notes[path]) if path in notes else touches for path, touches in new.items()}


def _with_base(touches: list[Touch], note: Note) -> list[Touch]:
    first = next(iter(reversed(history.own(touches))), None)
    if first is None or (first.merged is None and not note.keys_only):
        return touches
    return [replace(touch, base=note.entry) if touch is first else touch for touch in touches]


def written(note: Note, touches: list[Touch], last: Written | None, contents: Mapping[str, bytes]) -> Written:
    """Return what counts as written at a path with a note, which is newer than every commit of ours there."""
    newest = next(iter(history.in_force(touches)), None)
    if last is not None and newest is not None and newest.after == note.entry and not last.disputed:
        return last
    file = history.entry_file(note.entry, contents)
    ours, anew = (last.ours, last.anew) if last is not None else ((), frozenset[int]())
    share = last.share if last is not None and note.as_left else None
    return Written(
        file, note.commit, ours, disputed=file is None, noted=True, keys_only=note.keys_only, as_left=note.as_left,
        there=history.entry_file(note.there, contents), share=share, anew=anew,
    )  # fmt: skip
