"""The files that `init` writes: templates first, the inventory last, all of them or none."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from msgspec import Struct

from rollout.errors import Busy, RolloutError
from rollout.machine.files import write_whole
from rollout.model.files import TemplateFile
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


def write(files: Files, inventory: Path, read: Original | None = None) -> list[str]:
    """Write what is not there yet, and the inventory last; where that fails, nothing of it stays.

    An inventory that was `read` is only changed if it still says what it said then; raise Refused otherwise.
    A journal names the files before the first is written, so that `take_back` finds what a killed run has left.
    """
    new = {file: made for file, made in files.items() if file == inventory or not os.path.lexists(file)}
    top, journal = inventory.parent, inventory.parent / _JOURNAL
    top.mkdir(parents=True, exist_ok=True)
    named = {str(file.relative_to(top)): _digest(content) for file, (content, _) in new.items() if file != inventory}
    with _held(journal):
        write_whole(journal, json.dumps({"inventory": _digest(files[inventory][0]), "files": named}).encode())
        try:
            with _held(journal):
                for file, (content, mode) in new.items():
                    if file == inventory and read is not None:
                        sources.rewrite(read.state, inventory, read.text, content)
                        continue
                    file.parent.mkdir(parents=True, exist_ok=True)
                    write_whole(file, content, mode)
        except BaseException:
            _undo(top, named)
            raise
        finally:
            journal.unlink(missing_ok=True)
    return _summed(list(new), top / "templates")


def take_back(inventory: Path) -> list[str]:
    """Take back what a run that was killed has written; return what stays because somebody changed it since."""
    journal = inventory.parent / _JOURNAL
    if not journal.exists():
        return []
    with _held(journal):
        done, named = _told(journal, inventory)
        left = [] if done else _undo(inventory.parent, named)
        journal.unlink()
    return left


def _told(journal: Path, inventory: Path) -> tuple[bool, dict[str, str]]:
    """Return whether a journal's files are all there, and what it names; raise RolloutError for another's file."""
    try:
        told = json.loads(journal.read_bytes())
        named = {name: str(digest) for name, digest in told["files"].items() if _is_ours(inventory.parent, name)}
        return inventory.exists() and _digest(inventory.read_bytes()) == told["inventory"], named
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RolloutError.at(shown(journal), "is not what init writes", "move it away") from error


def _is_ours(top: Path, name: str) -> bool:
    """Tell whether init writes such a file: nothing that lies elsewhere is ever taken back."""
    inside = (top / name).parent.resolve() / Path(name).name
    return name == _SCHEMA or inside.is_relative_to(top.resolve() / "templates")


@contextmanager
def _held(journal: Path) -> Iterator[None]:
    """Hold the journal, until its process ends at the latest; raise Busy if somebody else holds it."""
    if not journal.exists():
        yield
        return
    with journal.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{shown(journal)}: another init is at work here") from None
        yield


def _undo(top: Path, named: Mapping[str, str]) -> list[str]:
    """Remove the files that are as they were written, and the folders that are empty without them."""
    left = []
    for file in (top / name for name in named):
        for scrap in file.parent.glob(f".rollout-{'[0-9a-f]' * 16}"):
            scrap.unlink()
        if file.is_symlink() or (file.exists() and _digest(file.read_bytes()) != named[str(file.relative_to(top))]):
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
    return [*map(shown, reversed(others)), *([f"{shown(folder)}/ ({made} files)"] if made else [])]


def shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
