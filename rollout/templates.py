"""templates/ read once, at the start: what is rendered later cannot change under way or lie outside."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rollout.errors import UsageError
from rollout.model import TemplateFile

_MAX_FILE = 16 * 1024 * 1024


def load(folder: Path) -> dict[str, TemplateFile]:
    """Return every file under a templates folder by its path from there.

    Raises UsageError for a symlink, a special file, a file of more than 16 MiB or a name that is not UTF-8.
    """
    found: dict[str, TemplateFile] = {}
    for above, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        for name in sorted([*names, *(f for f in folders if (Path(above) / f).is_symlink())]):
            path = Path(above) / name
            shown = str(path.relative_to(folder))
            about = path.lstat()
            if not stat.S_ISREG(about.st_mode):
                raise UsageError(f"templates/{shown}: is not a plain file; templates are copied, never linked")
            if about.st_size > _MAX_FILE:
                raise UsageError(f"templates/{shown}: is larger than 16 MiB")
            try:
                shown.encode()
            except UnicodeEncodeError:
                raise UsageError(f"templates/{shown!r}: the name is not UTF-8") from None
            found[shown] = TemplateFile(shown, path.read_bytes(), bool(about.st_mode & stat.S_IXUSR))
    return found


def _raise(error: OSError) -> None:
    raise UsageError(f"{error.filename}: {error.strerror}") from error


def set_names(templates: dict[str, TemplateFile], folder: Path) -> set[str]:
    """Return the template sets there are: folders under templates/ whose names do not begin with '_'."""
    names = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    for name in templates:
        parts = name.split("/")[:-1]
        names |= {"/".join(parts[: depth + 1]) for depth in range(len(parts))}
    return {name for name in names if not name.startswith("_")}
