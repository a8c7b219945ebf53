"""The files that `init` writes: templates first, the inventory last, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from rollout.machine.files import write_whole
from rollout.model.files import TemplateFile
from rollout.targets.folder import sources

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
    """
    written: list[Path] = []
    try:
        for file, (content, mode) in files.items():
            if file == inventory and read is not None:
                sources.rewrite(read.state, inventory, read.text, content)
                return _summed([*written, file], inventory.parent / "templates")
            if not os.path.lexists(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(file, content, mode)
                written.append(file)
    except BaseException:
        _take_back(written, inventory.parent)
        raise
    return _summed(written, inventory.parent / "templates")


def _take_back(written: Iterable[Path], top: Path) -> None:
    """Remove files that were just written, and the folders that are empty without them."""
    for file in written:
        file.unlink(missing_ok=True)
        for folder in file.parents:
            if folder == top or any(folder.iterdir()):
                break
            folder.rmdir()


def _summed(written: Iterable[Path], folder: Path) -> list[str]:
    others = [file for file in written if not file.is_relative_to(folder)]
    made = sum(file.is_relative_to(folder) for file in written)
    return [*map(shown, reversed(others)), *([f"{shown(folder)}/ ({made} files)"] if made else [])]


def shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
