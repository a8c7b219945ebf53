"""What we remember of a repository between runs: a JSON file in its store, read into a typed value and written back.

Most of it is a cache. Anything odd in it counts as not remembered.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from rollout.machine import files, state_folder
from rollout.model.files import Agreed
from rollout.model.reviews import Proposed
from rollout.objects.trees import TreeEntry
from rollout.remote.upstream import Instead
from rollout.store.history import Touch
from rollout.store.noted import EndedNote, Note

T = TypeVar("T")


class PastLook(Struct, frozen=True):
    """A look at a target that found nothing to change."""

    tip: str
    asked: str  # what its templates asked for then
    files: tuple[tuple[str, str, TreeEntry], ...]  # path, digest of the content, entry upstream
    in_sync: int
    warnings: tuple[str, ...]
    orphans: tuple[str, ...]
    newest: str | None
    noted: bool = False  # earlier versions did not record files that others had written exactly so
    agreed: bool = False  # nor, in documents, the keys
    heads: tuple[tuple[str, str], ...] = ()  # our own branches upstream


class KeptNote(Struct, frozen=True, array_like=True):
    """What was asked for when a person decided to keep a file, and our last commit that had written it.

    `run` is the one that took the change back before it was merged.
    """

    asks: str
    after: str | None
    run: str = ""


class Memo(Struct, frozen=True, omit_defaults=True):
    """What is remembered of one branch of a repository; the fields have the names that they have in the file."""

    branch: str = ""
    tip: str | None = None  # the upstream commit that was last fetched whole
    absent: bool = False  # upstream had no such branch when it was last asked
    instead: Instead | None = None  # the branch that it had instead
    believed: str | None = None  # the upstream commit that last counted as the project's own
    searched: str | None = None  # the upstream commit whose history was searched for commits of ours
    names: Mapping[str, str] = field(default_factory=dict)  # of targets, and a word for the place that each had
    history: Mapping[str, list[Touch]] = field(default_factory=dict)
    newest: str | None = None  # the newest commit of ours there
    sealed: bool = False  # that search checked the seals: what was found before there were seals may be anybody's
    noted: Mapping[str, Note] = field(default_factory=dict)
    ended: Mapping[str, EndedNote] = field(default_factory=dict)  # notes of files that we wrote since
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    in_sync: PastLook | None = None
    proposed: Proposed | None = None
    kept: Mapping[str, KeptNote] = field(default_factory=dict)
    held: Mapping[str, KeptNote] = field(default_factory=dict)  # what was taken back before it was merged


_FILE = "rollout.json"
_MEMOS = msgspec.json.Decoder(dict[str, Memo])


def parsed(document: object) -> Memo:
    """Return the readable part of a memo; a search from before there were seals counts as not done."""
    known = document if isinstance(document, dict) else {}
    try:
        memo = msgspec.convert(known, Memo)
    except msgspec.ValidationError:
        memo = msgspec.convert(_readable(known), Memo)
    return _believed(memo)


def _believed(memo: Memo) -> Memo:
    return memo if memo.sealed else replace(memo, searched=None, history={})


def _readable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the readable parts, note by note: a lost note only gives its file back to others."""
    readable = {name: part for name, part in document.items() if _fits({name: part})}
    for name in ("noted", "ended", "agreed", "kept", "held"):
        notes = document.get(name)
        if isinstance(notes, dict):
            readable[name] = {path: note for path, note in notes.items() if _fits({name: {path: note}})}
    if "history" in document and "history" not in readable:
        readable.pop("sealed", None)
    return readable


def _fits(part: object) -> bool:
    try:
        msgspec.convert(part, Memo)
    except msgspec.ValidationError:
        return False
    return True


@lru_cache(maxsize=4096)
def managed_path(name: str) -> PurePosixPath:
    """Return a managed path. Cached: a fleet has the same ones in every repository."""
    return PurePosixPath(name)


def by_path(named: Mapping[str, T]) -> dict[PurePosixPath, T]:
    return {managed_path(name): value for name, value in named.items()}


def by_name(found: Mapping[PurePosixPath, T]) -> dict[str, T]:
    return {str(path): value for path, value in found.items()}


class Memory:
    """The memo of one branch while its store is used: nobody else writes it then, so it is read and written once."""

    def __init__(self, folder: Path, branch: str) -> None:
        """Remember in a file of a folder, which has a memo for each branch of the repository."""
        self._folder, self._branch, self._key = folder, branch, state_folder.key(branch)
        self.forget()

    def forget(self) -> None:
        self._content: bytes | None = None
        self._memo: Memo | None = None
        self._changed = False

    def memo(self) -> Memo:
        """Return what is remembered of the branch."""
        if self._memo is None:
            self._memo = self._whole() or parsed(self._all().get(self._key))
        return self._memo

    def _whole(self) -> Memo | None:
        """Return the memo if everything in the file is as we write it, read in one step; None otherwise."""
        try:
            found = _MEMOS.decode(self._read()).get(self._key)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return None if found is None else _believed(found)

    def _all(self) -> dict[str, Any]:
        return files.json_in(self._read())

    def _read(self) -> bytes:
        if self._content is None:
            try:
                self._content = files.read(f"{self._folder}/{_FILE}")
            except OSError:
                self._content = b""
        return self._content

    def remember(self, **values: object) -> None:
        """Change some fields of the memo."""
        self._memo = replace(self.memo(), branch=self._branch, **values)
        self._changed = True

    def write(self) -> None:
        """Write the memo once, at the end; a run that is killed before that looks again."""
        if self._changed and self._folder.is_dir():
            with contextlib.suppress(OSError):  # it is only a cache, and the work itself is done
                self._put(durable=False)

    def write_at_once(self) -> None:
        """Write down what cannot be found again, because a person decided it; raise OSError if that fails."""
        self._put(durable=True)
        self._changed = False

    def _put(self, *, durable: bool) -> None:
        document = {**self._all(), self._key: msgspec.to_builtins(self.memo())}
        files.write_whole(self._folder / _FILE, json.dumps(document).encode(), durable=durable)
