"""What rollout remembers of each file of a shared folder, as a typed value: parsed and written here alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rollout.machine.file_access import FileAccess
from rollout.machine.files import read_json, write_whole
from rollout.machine.look import OnDisk, as_file
from rollout.model.files import NO_FILE, Agreed, File, Obstacle, TakenOver, fingerprint
from rollout.model.own_writes import FileShare

_MAX_MERGES = 50  # how many of our writes to a file we remember and can undo
_MAX_REVERTS = 10  # for how many, one after the other, we know whose the file was before them


class Announced(Struct, frozen=True, omit_defaults=True):
    """A write that was about to happen: enough to tell, after a kill, whose file is there."""

    print: str
    before: str
    run: str
    scratch: str
    merged: str | None = None
    mode: int | None = None  # all permissions of the new file; records of older versions do not have them
    before_mode: int | None = None
    held: str | None = None  # what the template asked for, while this is held
    share: FileShare | None = None  # how much of the file is ours then, where others wrote some of it
    gone: FileAccess | None = None  # whose the file is that it deletes
    folders: tuple[str, ...] = ()  # that were not there and are made for it
    back: FileAccess | None = None  # whose the file was that it brings back, and is again as far as the system lets us

    @property
    def gone_mode(self) -> int | None:
        """Return the permissions of the file that it deletes."""
        return self.before_mode if self.print == NO_FILE else None

    def is_ours(self, found: OnDisk) -> bool:
        return fingerprint(as_file(found)) == self.print and (self.back is not None or self.mode in {None, found.mode})

    def is_known(self, found: OnDisk) -> bool:
        planned = fingerprint(as_file(found)) == self.before and self.before_mode in {None, found.mode}
        return planned or self.is_ours(found)


class FileRecord(Struct, frozen=True, omit_defaults=True):
    """One file: the fingerprint that we last wrote, or took over, and what we need to know about it."""

    print: str | None = None
    run: str | None = None
    merged: str | None = None  # sha256 of what the template said, if `print` is a merge of drift
    merge_base: str | None = None  # what was ours before that merge, and those just before it
    merges: int = 0  # how many of our last writes are merges of drift
    ours: tuple[tuple[str, str], ...] = ()  # our writes, (before, after), oldest first
    anew: tuple[tuple[str, str], ...] = ()  # those of them that took over what had become others' own
    theirs: tuple[str, ...] = ()  # files of others that we replaced
    kept: str | None = None  # what the template asked for when a person decided to keep the file
    held: str | None = None  # and when the file was reverted
    agreed: Agreed = ()
    keys_only: bool = False  # of a document that was taken over, only the keys that the template named are ours
    as_left: bool = False  # it was taken over because its rule changed: our part of it was as we had left it
    there: str | None = None  # what stood there when it was taken over, where `print` has markers that it had not
    share: FileShare | None = None  # how much of the file that we wrote last is ours, where others wrote some of it
    since: int | None = None  # how many of our last writes came after one that left nothing of ours in the file
    earlier: tuple[FileRecord, ...] = ()  # the entry before each of our last writes, without what is kept here
    undone: tuple[FileRecord, ...] = ()  # and after each write, with it alone, that a revert has taken back since
    gone_mode: int | None = None  # the permissions of the file that our last write deleted
    gone: FileAccess | None = None  # and whose it was
    folders: tuple[str, ...] = ()  # that our writes made for it
    announced: Announced | None = None

    @property
    def _known(self) -> tuple[tuple[str, str], ...]:
        """Return our writes so far; a document that was taken over counts as one that changed nothing."""
        return (*self.ours, (self.print, self.print)) if self.keys_only and self.print else self.ours

    @property
    def present(self) -> tuple[tuple[str, str], ...]:
        """Return our writes since one that left nothing of ours in the file."""
        return self.ours if self.since is None else self.ours[max(0, len(self.ours) - self.since) :]

    def is_there(self, found: File | Obstacle | None) -> bool:
        """Tell whether there is what we wrote last."""
        return bool(self.ours) and self.ours[-1][1] == fingerprint(found)

    def is_given_back(self, found: File | Obstacle | None) -> bool:
        """Tell whether a file is as a revert left it, and we have not written it since."""
        return bool(self.undone) and self.undone[-1].ours[-1][0] == fingerprint(found)

    def is_unchanged(self, found: File | Obstacle | None) -> bool:
        """Tell whether there is what we wrote last, or what we took over since."""
        return fingerprint(found) == (self.there or self.print)

    def taken_over(self, found: TakenOver) -> FileRecord:
        """Return the entry of a file that is as it should be; what a person decided about it stays so."""
        kept = FileRecord(fingerprint(found.file), kept=self.kept, held=self.held, agreed=self.agreed)
        share = self.share if found.as_left else None
        there = None if found.there is None else fingerprint(found.there)
        kept = replace(kept, keys_only=found.keys_only, as_left=found.as_left, there=there, share=share)
        writes = replace(kept, ours=self.ours, anew=self.anew, theirs=self.theirs, since=self.since)
        return replace(writes, earlier=self.earlier, undone=self.undone, folders=self.folders)

    def written(self, announced: Announced) -> FileRecord:
        """Return the entry after a write that was announced."""
        entry = self._given_back(announced) if announced.share is FileShare.GIVEN_BACK else self._with(announced)
        entry = entry or self._with(replace(announced, share=FileShare.NONE))
        return replace(entry, folders=self.and_made_for(announced))

    def and_made_for(self, announced: Announced) -> tuple[str, ...]:
        """Return the folders that writes made, with those of one that was announced."""
        return tuple(dict.fromkeys((*self.folders, *announced.folders)))

    def undoing(self, now: str, before: str) -> FileRecord:
        """Return the entry as it will be when a revert has made of what is there now what was there before."""
        return self.written(Announced(before, now, "", "", share=FileShare.GIVEN_BACK))

    def _given_back(self, announced: Announced) -> FileRecord | None:
        """Return the entry after a revert: as it was before the write that it takes back; None if that is not known."""
        pair = (announced.before, announced.print)
        if self.earlier and self.ours[-1:] == (pair[::-1],):
            back = self.earlier[-1]
            ours = self.ours[: -2 if back.keys_only else -1]
            past, undone = self.earlier[:-1], (*self.undone, self._alone(self.ours[-1:]))
        elif self.undone and self.undone[-1].ours == (pair,):
            back = self.undone[-1]
            ours = (*self._known, pair)
            past, undone = (*self.earlier, self._alone())[-_MAX_REVERTS:], self.undone[:-1]
        else:
            return None
        kept = replace(
            back, ours=ours, anew=self.anew, theirs=self.theirs, agreed=self.agreed, earlier=past, undone=undone
        )
        return replace(kept, held=announced.held, gone_mode=announced.gone_mode, gone=announced.gone)

    def _alone(self, ours: tuple[tuple[str, str], ...] = ()) -> FileRecord:
        """Return the entry without what no write changes, and without our other writes."""
        entry = replace(self, ours=ours, anew=(), theirs=(), agreed=(), earlier=(), undone=(), folders=())
        return replace(entry, kept=None, held=None, announced=None)

    def _with(self, announced: Announced) -> FileRecord:
        merge_base, theirs = self.merge_base, self.theirs
        if announced.merged is not None and self.merged is None and self.print is not None:
            merge_base = self.print
        if announced.before not in {NO_FILE, self.print}:
            theirs = tuple(dict.fromkeys((*self.theirs, announced.before)))
        ours = (*self._known, (announced.before, announced.print))
        anew = (*self.anew, ours[-1]) if announced.share is FileShare.PART_ANEW else self.anew
        since = None if self.since is None else self.since + len(ours) - len(self.ours)
        return replace(
            self,
            print=announced.print,
            run=announced.run,
            merged=announced.merged,
            merge_base=merge_base,
            merges=0 if announced.merged is None else self.merges + 1,
            ours=ours[-_MAX_MERGES:],
            anew=anew[-_MAX_MERGES:],
            theirs=theirs,
            kept=None,
            held=announced.held,
            keys_only=False,
            as_left=False,
            there=None,
            share=announced.share,
            since=0 if announced.share is FileShare.NONE else since,
            announced=None,
            earlier=(*self.earlier, self._alone())[-_MAX_REVERTS:],
            undone=(),
            gone_mode=announced.gone_mode,
            gone=announced.gone,
        )

    def forgotten(self, announced: Announced) -> tuple[str, ...]:
        """Return the fingerprints that `written` may drop: there are too many, or they were taken back."""
        ours = (*self._known, (announced.before, announced.print))
        entries = (*(*self.earlier, self._alone())[:-_MAX_REVERTS], *self.undone)
        prints = (word for entry in entries for word in entry.prints())
        return (*(word for pair in ours[:-_MAX_MERGES] for word in pair), *prints)

    def prints(self) -> Iterator[str]:
        """Yield the fingerprint of every content that the entry names."""
        yield from (self.print or "", self.there or "", self.merge_base or "", *self.theirs)
        if self.announced is not None:
            yield from (self.announced.print, self.announced.before)
        for pair in self.ours:
            yield from pair
        for entry in (*self.earlier, *self.undone):
            yield from entry.prints()


Record = Mapping[str, FileRecord]


def read(place: Path) -> dict[str, FileRecord]:
    """Return the record in a file; a missing or damaged one is empty, and an entry that nobody can read is left out."""
    return _read(place)[0]


def read_whole(place: Path) -> dict[str, FileRecord] | None:
    """Return the record in a file; None unless all of it can be read."""
    record, whole = _read(place)
    return record if record and whole else None


def write(place: Path, record: Record) -> None:
    write_whole(place, json.dumps(msgspec.to_builtins(record)).encode())


def _read(place: Path) -> tuple[dict[str, FileRecord], bool]:
    found = read_json(place)
    entries = {name: entry for name, said in found.items() if (entry := _entry(said)) is not None}
    return entries, len(entries) == len(found)


def _entry(said: object) -> FileRecord | None:
    try:
        return msgspec.convert(said, FileRecord)
    except msgspec.ValidationError:
        return None
