"""A shared folder outside git: read it, and write its files one at a time, whole, if nobody was faster."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from rollout import atomic, locks, places, turns
from rollout.atomic import Changed, Found
from rollout.model import Change, File, Obstacle, Snapshot, Written
from rollout.plan import fingerprint

_ABANDONED = 600.0  # seconds after which a file beside ours, of a run nobody knows of, is a killed run's
_MAX_MERGES = 50  # how many of our writes to a file are remembered, and can be undone
_IN_USE = 3600.0  # seconds for which a content that was kept stays, whatever the records say


class Memory(Struct, frozen=True):
    """What rollout last wrote in a folder, kept in the state folder: a record, and contents by their hash."""

    record: Path
    contents: Path

    def read(self) -> dict[str, Any]:
        return places.read_json(self.record)

    def write(self, record: Mapping[str, Any]) -> None:
        places.write_whole(self.record, json.dumps(record).encode())

    def keep(self, file: File | None) -> None:
        """Keep a content, readable by its owner only, for revert and for merges."""
        if file is not None:
            place = self.contents / file.sha256
            try:
                os.utime(place)  # it is in use again
            except FileNotFoundError:
                places.write_whole(place, file.content)

    def file(self, entry: str | None) -> File | None:
        """Return the file a fingerprint speaks of, if its content was kept."""
        if entry is None or entry in {"", "-"} or ":" not in entry:
            return None
        mode, _, sha256 = entry.partition(":")
        try:
            content = (self.contents / sha256).read_bytes()
        except OSError:
            return None
        return File(content, mode == "100755") if hashlib.sha256(content).hexdigest() == sha256 else None

    def forget(self, prints: Iterable[str]) -> None:
        """Remove contents that no record of any folder speaks of any more; one that was just kept may be in use."""
        records = [places.read_json(file) for file in self.record.parent.glob("*.json")]
        if not all(records):
            return  # who knows what the one that cannot be read speaks of
        used = {_sha256(entry) for record in records for entry in _prints(record)}
        for name in {_sha256(entry) for entry in prints} - used:
            with contextlib.suppress(OSError):
                if time.time() - (self.contents / name).stat().st_mtime > _IN_USE:
                    (self.contents / name).unlink()

    def sweep(self) -> None:
        """Remove what killed runs had not written to its end: it has lain still for long, and has no name yet."""
        for folder in (self.contents, self.record.parent):
            for left in folder.glob(".rollout-*"):
                with contextlib.suppress(OSError):
                    if time.time() - left.stat().st_mtime > _ABANDONED:
                        left.unlink()


def _sha256(entry: str) -> str:
    return entry.partition(":")[2]


def _prints(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fingerprint of every content that a record speaks of."""
    for entry in record.values():
        announced = entry.get("announced") or {}
        yield from (entry.get("print", ""), entry.get("merge_base") or "", *entry.get("theirs", []))
        yield from (announced.get("print", ""), announced.get("before", ""))
        for pair in entry.get("ours", []):
            yield from pair


def memory(state: Path, root: Path) -> Memory:
    name = places.key(os.path.realpath(root))
    return Memory(state / "folders" / f"{places.slug(root.name)}-{name}.json", state / "contents")


def open_to_all(root: Path) -> str | None:
    """Say where on the way to a folder anybody may put something else in its place, or None.

    In a folder like /tmp what is there stays its owner's: then it must be ours or the system's.
    """
    trusted = {0, os.geteuid()}
    for place in dict.fromkeys((Path(os.path.abspath(root)), Path(os.path.realpath(root)))):
        owner: int | None = None  # of the entry below
        for folder in (place, *place.parents):
            if not os.path.lexists(folder):
                continue
            about = folder.lstat()
            if stat.S_ISDIR(about.st_mode) and about.st_mode & stat.S_IWOTH:
                if not about.st_mode & stat.S_ISVTX or folder == place:
                    return f"anybody may write to {folder}: chmod o-w {folder}"
                if owner is not None and owner not in trusted:
                    return f"anybody may write to {folder}, and what is there belongs to another user (uid {owner})"
            owner = about.st_uid
    return None


@contextmanager
def locked(state: Path, root: Path, wait: float) -> Iterator[None]:
    record = memory(state, root).record
    with locks.locked(record.with_suffix(".lock"), f"{root}: the folder", wait):
        yield


def snapshot(root: Path, wanted: Iterable[PurePosixPath], kept: Memory) -> Snapshot:
    """Return the managed paths as they are on the disk, and what rollout last wrote there."""
    files = {path: atomic.as_file(atomic.look(root, path)) for path in wanted}
    written: dict[PurePosixPath, Written] = {}
    for name, entry in kept.read().items():
        path = PurePosixPath(name)
        found = files[path] if path in files else atomic.as_file(atomic.look(root, path))
        last = _last_written(entry, found, kept)
        if last is not None and (path in files or found is not None):
            written[path] = last
    return Snapshot(_revision(files), files, written)


def _revision(files: Mapping[PurePosixPath, File | Obstacle | None]) -> str:
    text = "\0".join(f"{path}\0{fingerprint(found)}" for path, found in sorted(files.items()))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _last_written(entry: Mapping[str, Any], found: File | Obstacle | None, kept: Memory) -> Written | None:
    """Settle what was written last: a write that was announced counts if its result is there."""
    announced = entry.get("announced")
    current = entry
    if announced and announced["print"] == fingerprint(found):
        current = announced
    if "print" not in current:
        return None
    base = None if current["print"] == "-" else kept.file(current["print"])
    if base is None and current["print"] != "-":
        # The content is gone, but not what it was: a file that differs from it still is drift.
        base = found if isinstance(found, File) and fingerprint(found) == current["print"] else File(b"\0gone")
    pairs = tuple(
        (_bytes(before, kept), _bytes(after, kept)) for before, after in entry.get("ours", []) if after != "-"
    )
    merged = current.get("merged")
    merge_base = kept.file(entry.get("merge_base")) if merged else None
    return Written(base, current.get("run"), pairs, merged, merge_base)


def _bytes(entry: str, kept: Memory) -> bytes:
    file = kept.file(entry)
    return file.content if file else b""


def take_over(kept: Memory, files: Mapping[PurePosixPath, File]) -> None:
    """Take files that others wrote just as they should be for ours: from now on a change is drift."""
    record = kept.read()
    for path, file in files.items():
        kept.keep(file)
        entry = {key: value for key, value in record.get(str(path), {}).items() if key in {"ours", "theirs"}}
        record[str(path)] = {**entry, "print": fingerprint(file), "run": None}
    kept.write(record)


class FolderWriter:
    """Writes the changes of one step; every file by itself is old or new, never in between."""

    def __init__(self, root: Path, kept: Memory, run: str) -> None:
        self._root = root
        self._kept = kept
        self._run = run
        self._dropped: list[str] = []  # contents that an entry spoke of for the last time

    def write(self, changes: Iterable[Change]) -> list[Change]:
        """Write all changes, in order; raise Changed before the first write if any file is not as planned.

        Raises Changed in the middle too, when somebody is faster: the files before are written, theirs stays.
        """
        planned = list(changes)
        self._root.mkdir(parents=True, exist_ok=True)
        self._kept.sweep()
        self.clear()
        for change in planned:
            self._expect(change)
        done = []
        for change in planned:
            self._announce(change)
            self._put(change)
            self._settle(change)
            done.append(change)
        if self._dropped:
            self._kept.forget(self._dropped)
        return done

    def _expect(self, change: Change) -> None:
        found = atomic.as_file(atomic.look(self._root, change.path))
        if found != change.before and found != change.after:
            raise Changed(f"{change.path} was changed meanwhile")

    def _announce(self, change: Change) -> None:
        """Write down what is about to be written, so that a killed run's result is known for ours."""
        self._kept.keep(change.before)
        self._kept.keep(change.after)
        record = self._kept.read()
        entry = record.setdefault(str(change.path), {})
        entry["announced"] = {
            "print": fingerprint(change.after),
            "before": fingerprint(change.before),
            "run": self._run,
            "merged": change.template,
            "scratch": f".{change.path.name}.rollout-{os.urandom(4).hex()}",
        }
        self._kept.write(record)

    def _settle(self, change: Change) -> None:
        record = self._kept.read()
        entry = record[str(change.path)]
        self._written(entry, entry.pop("announced"))
        self._kept.write(record)

    def _written(self, entry: dict[str, Any], announced: Mapping[str, Any]) -> None:
        if announced["merged"] is not None and entry.get("merged") is None and "print" in entry:
            entry["merge_base"] = entry["print"]
        if announced["before"] not in {"-", entry.get("print")}:
            # Somebody's, and never removed.
            entry["theirs"] = list(dict.fromkeys((*entry.get("theirs", []), announced["before"])))
        entry["print"], entry["run"], entry["merged"] = announced["print"], announced["run"], announced["merged"]
        ours = [*entry.get("ours", []), [announced["before"], announced["print"]]]
        entry["ours"] = ours[-_MAX_MERGES:]
        self._dropped += [word for pair in ours[:-_MAX_MERGES] for word in pair]

    def remember(self, files: Mapping[PurePosixPath, File]) -> None:
        """Take files that already are as they should be for written by us: from now on a change is drift."""
        record = self._kept.read()
        new = {str(path): file for path, file in files.items() if "print" not in record.get(str(path), {})}
        if new:
            for path, file in new.items():
                self._kept.keep(file)
                record[path] = {"print": fingerprint(file), "run": self._run}
            self._kept.write(record)

    def _put(self, change: Change) -> None:
        found = atomic.look(self._root, change.path)
        if atomic.as_file(found) == change.after:
            return
        if isinstance(found, Found) and found.links > 1:
            raise Changed(f"{change.path} has hard links, which replacing it would part")
        scratch = self._kept.read()[str(change.path)]["announced"]["scratch"]
        with atomic.parent(self._root, change.path, make=change.after is not None) as folder:
            try:
                self._replace(folder, scratch, change, found if isinstance(found, Found) else None)
            finally:
                with contextlib.suppress(OSError):
                    turns.sync(folder)

    def _replace(self, folder: int, scratch: str, change: Change, found: Found | None) -> None:
        name = change.path.name
        if change.after is None:
            os.rename(name, scratch, src_dir_fd=folder, dst_dir_fd=folder)
            self._judge(folder, scratch, name, change, back=lambda: atomic.put_new(folder, scratch, folder, name))
            return
        executable = change.after.executable
        mode = atomic.kept_mode(found.mode, executable) if found else atomic.new_mode(executable)
        like = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder) if found else None
        try:
            atomic.stage(folder, scratch, change.after.content, mode, like)
        finally:
            if like is not None:
                os.close(like)
        try:
            if found is None:
                atomic.put_new(folder, scratch, folder, name)
                return
            atomic.exchange(folder, scratch, folder, name)
        except OSError as error:
            os.unlink(scratch, dir_fd=folder)
            if isinstance(error, (FileExistsError, FileNotFoundError)):
                raise Changed(f"{change.path} was changed meanwhile") from None
            raise
        self._judge(folder, scratch, name, change, back=lambda: atomic.exchange(folder, scratch, folder, name))

    def _judge(self, folder: int, scratch: str, name: str, change: Change, back: Any) -> None:
        """Look at what came out; anything but the planned file goes back."""
        out = atomic.look_at(folder, scratch)
        if atomic.as_file(out) == change.before:
            os.unlink(scratch, dir_fd=folder)
            return
        back()
        with contextlib.suppress(FileNotFoundError):
            if atomic.as_file(atomic.look_at(folder, scratch)) == change.after:
                os.unlink(scratch, dir_fd=folder)
        raise Changed(f"{change.path} was changed meanwhile")

    def clear(self) -> list[str]:
        """Take away what a killed run left beside the files, giving back what is somebody's, and settle its record."""
        notes = []
        for name, entry in self._kept.read().items():
            announced = entry.get("announced")
            if announced:
                path = PurePosixPath(name)
                with contextlib.suppress(FileNotFoundError), atomic.parent(self._root, path) as folder:
                    notes += self._cleared(folder, path, announced)
                self._settle_killed(path, announced)
        return notes

    def _cleared(self, folder: int, path: PurePosixPath, announced: Mapping[str, str]) -> list[str]:
        scratch = announced["scratch"]
        with contextlib.suppress(FileNotFoundError):
            os.unlink(scratch + atomic.PART, dir_fd=folder)
        left = atomic.look_at(folder, scratch)
        if not isinstance(left, Found):
            return []
        if fingerprint(atomic.as_file(left)) in {announced["print"], announced["before"]}:
            os.unlink(scratch, dir_fd=folder)
            return []
        if self._is_back(folder, scratch, path.name, announced["print"]):
            return [f"{path}: an edit that a killed run had displaced is back"]
        return [f"{path}: an edit that a killed run had displaced is kept in {self._moved_away(folder, scratch)}"]

    def _is_back(self, folder: int, scratch: str, name: str, ours: str) -> bool:
        """Put a displaced file back if what is there now is what we wrote; tell whether it is there."""
        there = atomic.look_at(folder, name)
        if there is None:
            with contextlib.suppress(FileExistsError):
                atomic.put_new(folder, scratch, folder, name)
                return True
        elif fingerprint(atomic.as_file(there)) == ours:
            atomic.exchange(folder, scratch, folder, name)
            if fingerprint(atomic.as_file(atomic.look_at(folder, scratch))) == ours:
                os.unlink(scratch, dir_fd=folder)
                return True
            atomic.exchange(folder, scratch, folder, name)  # somebody was faster: theirs stays, this is kept
        return False

    def _moved_away(self, folder: int, scratch: str) -> Path:
        """Keep a file's content in the state folder and take the file away."""
        file = atomic.as_file(atomic.look_at(folder, scratch))
        assert isinstance(file, File)
        self._kept.keep(file)
        os.unlink(scratch, dir_fd=folder)
        return self._kept.contents / file.sha256

    def _settle_killed(self, path: PurePosixPath, announced: Mapping[str, Any]) -> None:
        """Record what a killed run announced as written if it is there, and forget it if it is not."""
        record = self._kept.read()
        entry = record[str(path)]
        del entry["announced"]
        if fingerprint(atomic.as_file(atomic.look(self._root, path))) == announced["print"]:
            self._written(entry, announced)
        elif not entry:
            del record[str(path)]
        self._kept.write(record)

    def sweep(self, paths: Iterable[PurePosixPath]) -> list[str]:
        """Move away what a killed run left beside the files when the record that speaks of it is lost.

        Another machine may be writing here now: only what has lain still for a while is taken.
        """
        notes = []
        for path in paths:
            with contextlib.suppress(OSError), atomic.parent(self._root, path) as folder:
                for name in _abandoned(folder, path.name):
                    notes.append(
                        f"{path}: what a killed run had left beside it is kept in {self._moved_away(folder, name)}"
                    )
        return notes


def _abandoned(folder: int, name: str) -> list[str]:
    ours = re.compile(re.escape(f".{name}.rollout-") + r"[0-9a-f]{8}(\.part)?\Z")
    found = []
    for entry in os.listdir(folder):
        if ours.match(entry):
            about = os.stat(entry, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISREG(about.st_mode) and time.time() - about.st_ctime > _ABANDONED:
                found.append(entry)
    return found


def any_announced(kept: Memory) -> bool:
    """Tell whether a killed run announced a write that nobody settled."""
    return any(entry.get("announced") for entry in kept.read().values())
