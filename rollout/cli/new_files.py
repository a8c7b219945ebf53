"""The files that `init` writes: templates first, the inventory last, all of them or none."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct, structs

from rollout.errors import Busy, Refused, RolloutError
from rollout.machine import replace, waiting
from rollout.machine.files import read_named, sync_folder
from rollout.model.files import TemplateFile
from rollout.showing.colour import count
from rollout.targets.folder import sources

_JOURNAL = ".rollout-init.json"  # beside the inventory, while files are written
_SCHEMA = "inventory.schema.json"

Files = Mapping[Path, tuple[bytes, int]]  # content and mode


def templates(found: Mapping[str, TemplateFile], inventory: Path) -> dict[Path, tuple[bytes, int]]:
    folder = inventory.parent / "templates"
    return {folder / name: (one.content, 0o755 if one.executable else 0o644) for name, one in found.items()}


class Original(Struct, frozen=True):
    """An inventory as it was read, and the state folder in which its change is noted."""

    text: bytes
    state: Path


class _Journal(Struct, frozen=True):
    """The digests of what a run writes: the inventory, the other files, and the inventory that was there before.

    `run` is in the names of the files that it writes before they get theirs.
    """

    inventory: str
    files: Mapping[str, str]
    before: str = ""  # "" for none
    run: str = ""


def write(files: Files, inventory: Path, read: Original | None = None) -> list[str]:
    """Write what is not there yet, and the inventory last; where that fails, nothing of it stays.

    An inventory that was `read` is only changed if it still says what it said then, and what somebody else wrote
    meanwhile is not overwritten; raise Refused otherwise. A journal names the files before the first is written, so
    that `take_back` finds what a killed run has left.
    """
    new = {file: made for file, made in files.items() if file == inventory or not os.path.lexists(file)}
    top, journal = inventory.parent, inventory.parent / _JOURNAL
    top.mkdir(parents=True, exist_ok=True)
    named = {str(file.relative_to(top)): _digest(content) for file, (content, _) in new.items() if file != inventory}
    before = "" if read is None else _digest(read.text)
    told = _Journal(_digest(files[inventory][0]), named, before, os.urandom(8).hex())
    with _begun(journal, told):
        try:
            for number, (file, (content, mode)) in enumerate(new.items()):
                if file == inventory and read is not None:
                    sources.rewrite(read.state, inventory, read.text, content)
                    continue
                _put_new(file, _scrap(file, told, number), content, mode)
        except BaseException:
            _undo(top, told)
            raise
        finally:
            journal.unlink(missing_ok=True)
    return _summed(list(new), top / "templates")


@contextmanager
def _begun(journal: Path, told: _Journal) -> Iterator[None]:
    """Hold a new journal from before it has its name; raise Busy where another run has one."""
    new = journal.with_name(f"{_JOURNAL}.new")
    with new.open("ab") as file:
        _lock(file, journal)
        if not _is(file, new):
            raise _busy(journal)  # another run has given it its name meanwhile
        try:
            _named(file, new, journal, msgspec.json.encode(told))
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        yield


def _named(file: IO[bytes], new: Path, journal: Path, content: bytes) -> None:
    """Write a journal and give it its name; raise Busy if there is one already."""
    file.truncate(0)
    file.write(content)
    file.flush()
    waiting.sync(file.fileno())
    folder = os.open(journal.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        replace.put_new(folder, new.name, folder, journal.name)
    except FileExistsError:
        raise _busy(journal) from None
    finally:
        os.close(folder)
    sync_folder(journal.parent)


def _scrap(file: Path, told: _Journal, number: int) -> Path:
    """Return the name of a file while it is written."""
    return file.with_name(f".rollout-{told.run}-{number}")


def _put_new(file: Path, scrap: Path, content: bytes, mode: int) -> None:
    """Write a file at a place that is still free; raise Refused otherwise."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _write(scrap, content, mode)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        replace.put_new(folder, scrap.name, folder, file.name)
    except FileExistsError:
        scrap.unlink()
        raise Refused(f"{shown(file)} was written by somebody else meanwhile; nothing was written") from None
    finally:
        os.close(folder)
    sync_folder(file.parent)


def _write(place: Path, content: bytes, mode: int) -> None:
    """Write a new file, and wait until it is on the disk."""
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        waiting.sync(file.fileno())


def take_back(inventory: Path) -> list[str]:
    """Take back what a run that was killed has written; return what stays because somebody changed something since.

    All of it stays once the inventory is not as it was before that run: it may name these files.
    """
    journal = inventory.parent / _JOURNAL
    with _held(journal) as there:
        if not there:
            return []
        told = _told(journal, inventory.parent)
        now = _digest(read_named(inventory)) if inventory.exists() else ""
        if now == told.inventory:
            left = []
        elif now == told.before:
            left = _undo(inventory.parent, told)
        else:
            left = [shown(inventory.parent / name) for name in told.files if (inventory.parent / name).exists()]
        journal.unlink()
    return left


def unfinished(inventory: Path) -> Path | None:
    """Return the journal that a killed run has left; None if there is none."""
    journal = inventory.parent / _JOURNAL
    return journal if os.path.lexists(journal) else None


def _told(journal: Path, top: Path) -> _Journal:
    """Return what a journal says, of files that may be ours; raise RolloutError for another's file."""
    try:
        told = msgspec.json.decode(journal.read_bytes(), type=_Journal)
        return structs.replace(told, files={name: told.files[name] for name in told.files if _is_ours(top, name)})
    except (msgspec.DecodeError, ValueError) as error:
        raise RolloutError.at(shown(journal), "is not what init writes", "move it away") from error


def _is_ours(top: Path, name: str) -> bool:
    """Tell whether init writes such a file: nothing that lies elsewhere is ever taken back."""
    inside = (top / name).parent.resolve() / Path(name).name
    return name == _SCHEMA or inside.is_relative_to(top.resolve() / "templates")


@contextmanager
def _held(journal: Path) -> Iterator[bool]:
    """Hold the journal while there is one, and tell whether there is; raise Busy if another process holds it."""
    try:
        file = journal.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        _lock(file, journal)
        yield _is(file, journal)  # the run that held it may have ended in the meantime


def _lock(file: IO[bytes], journal: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy(journal) from None


def _busy(journal: Path) -> Busy:
    return Busy(f"{shown(journal)}: another init is at work here")


def _is(file: IO[bytes], path: Path) -> bool:
    """Tell whether a path is an open file's."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.lstat(path))
    except FileNotFoundError:
        return False


def _undo(top: Path, told: _Journal) -> list[str]:
    """Remove the files that are as they were written, and the folders that are empty without them."""
    left = []
    places = [top / name for name in told.files]
    for number, file in enumerate([*places, top / "inventory.yaml"] if told.run else places):
        _scrap(file, told, number).unlink(missing_ok=True)
    for file in places:
        if file.is_symlink() or (
            file.exists() and _digest(file.read_bytes()) != told.files[str(file.relative_to(top))]
        ):
            left.append(shown(file))
            continue
        file.unlink(missing_ok=True)
        for folder in takewhile(lambda folder: folder != top, file.parents):
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
    return left


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _summed(written: Iterable[Path], folder: Path) -> list[str]:
    others = [file for file in written if not file.is_relative_to(folder)]
    made = sum(file.is_relative_to(folder) for file in written)
    return [*map(shown, reversed(others)), *([f"{shown(folder)}/ ({count(made, 'file')})"] if made else [])]


def shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
