"""What rollout's own writes of one file, one after the other, say about whose the file is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Protocol, TypeVar

from msgspec import Struct, field


class FileShare(StrEnum):
    """How much of a file is ours after a write that left what others had written in it."""

    PART = "part"
    PART_ANEW = "part-anew"  # and we wrote over what had become others' own since our write before it
    NONE = "none"
    GIVEN_BACK = "given-back"  # a revert put back what our write before it had found: whose it is, is as it was then


def alone(writes: Iterable[tuple[object, object]]) -> bool:
    """Tell whether all that our last write left is ours, from what stood there before and after each; None if nothing.

    It is if we created the file, and always found it as we had left it.
    """
    ours, last = False, None
    for before, after in writes:
        ours = before is None or (ours and before == last)
        last = after
    return ours


def nothing_of_others(writes: Sequence[tuple[object, object]], share: FileShare | None, merged: str | None) -> bool:
    """Tell whether all that our last write left is ours, also where we wrote over what others had there."""
    whole = share is None and merged is None
    return alone(writes) or (whole and _others_never_had_it(writes))


def _others_never_had_it(writes: Sequence[tuple[object, object]]) -> bool:
    """Tell whether our last write left a text that we never found as one of others: a template may say theirs again."""
    left: list[object] = [None, *(after for _, after in writes)]
    theirs = [before for (before, _), ours in zip(writes, left, strict=False) if before != ours]
    return left[-1] is not None and left[-1] not in theirs


class Write(Protocol):
    """A write of ours of one file."""

    @property
    def run(self) -> str: ...
    @property
    def before(self) -> object: ...
    @property
    def after(self) -> object: ...
    @property
    def gives_back(self) -> bool:
        """Tell whether a revert wrote it."""
        ...


_W = TypeVar("_W", bound=Write)


class RecordedWrite(Struct, frozen=True):
    """A write of ours of one file, by the fingerprints before and after, as the ledger has it."""

    run: str
    before: str | None
    after: str | None
    gives_back: bool = False


FolderWrites = Mapping[str, Mapping[str, Sequence[RecordedWrite]]]  # by target and path, oldest first


def lasting(writes: Iterable[_W]) -> list[_W]:
    """Return writes, oldest first, as if there had never been a revert, nor what it took back.

    A revert of something else than the write before it, or of what is not among these, is a write like any other.
    """
    found: list[_W] = []
    gone: list[_W] = []
    for write in writes:
        if write.gives_back and found and (found[-1].after, found[-1].before) == (write.before, write.after):
            gone.append(found.pop())
        elif write.gives_back and gone and (gone[-1].before, gone[-1].after) == (write.before, write.after):
            found.append(gone.pop())
        else:
            found, gone = [*found, write], []
    return found


class LaterWrites(Struct, frozen=True):
    """What we wrote after a run at paths where there is neither what that wrote nor what it found."""

    runs: Mapping[PurePosixPath, str] = field(default_factory=dict)  # of which there is the text now
    taken_back: frozenset[PurePosixPath] = frozenset()  # where a revert has taken the run back since


def later_writes(
    run: str, writes: Mapping[PurePosixPath, Sequence[Write]], there: Mapping[PurePosixPath, object]
) -> LaterWrites:
    """Return what we wrote after a run, of all our writes of each file, oldest first, and what is there now."""
    since = {path: _since(run, done) for path, done in writes.items()}
    taken_back = {path for path, (known, last) in since.items() if known and last[:1] != [known]}
    runs = {
        path: last[-1].run
        for path, (known, last) in since.items()
        if path not in taken_back and last and last[-1] is not known and last[-1].after == there[path]
    }
    return LaterWrites(runs, frozenset(taken_back))


def _since(run: str, writes: Sequence[Write]) -> tuple[Write | None, list[Write]]:
    """Return the write of a run, if it is known, and what lasts of that and of those after it; else of all."""
    at = max((place for place, write in enumerate(writes) if write.run == run), default=None)
    return (None, lasting(writes)) if at is None else (writes[at], lasting(writes[at:]))
