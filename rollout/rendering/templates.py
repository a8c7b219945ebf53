"""Read templates/ once, at the start: what is rendered later can neither change meanwhile nor be outside."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from msgspec import Struct

from rollout.errors import UsageError
from rollout.model.few import few
from rollout.model.files import TemplateFile

_MAX_FILE = 16 * 1024 * 1024
_NAMED = 5  # how many of the left-out files a warning names
# What editors, file managers, merges and Python leave in a folder; people share .vscode and .editorconfig.
_NO_TEMPLATE = re.compile(
    r"""\.DS_Store | \._.* | Thumbs\.db | desktop\.ini          # file managers
    | .*~ | \#.*\# | \.\#.* | \..*\.sw[a-p] | \.idea           # editors
    | .*\.(?:orig|rej) | \.rollout-.*                        # merges and patches; what we are writing
    | .*\.py[co] | __pycache__ | \.(?:mypy|pytest|ruff)_cache""",
    re.VERBOSE,
)


class TemplateFolder(Struct, frozen=True):
    """The files under a templates folder by path, and the files there that are not templates."""

    files: dict[str, TemplateFile]
    left_out: tuple[str, ...] = ()

    def warning(self) -> str | None:
        if not self.left_out:
            return None
        names = few(self.left_out, _NAMED, "git status --ignored names those")
        return f"templates/: left out because they are not templates or git ignores them: {names}"


def load(folder: Path, ignored: Collection[str] = ()) -> TemplateFolder:
    """Return every file under a templates folder, except stray files and what git ignores.

    Raises UsageError for a symlink, a special file, a file of more than 16 MiB or a name that is not UTF-8.
    """
    found: dict[str, TemplateFile] = {}
    left_out: list[str] = []
    for above, folders, names in os.walk(folder, onerror=_raise):
        inside = os.path.relpath(above, folder)
        left_out += _taken_out(folders, inside, ())
        left_out += _taken_out(names, inside, ignored)
        for name in sorted([*names, *(f for f in folders if (Path(above) / f).is_symlink())]):
            path = Path(above) / name
            shown = str(path.relative_to(folder))
            about = path.lstat()
            if not stat.S_ISREG(about.st_mode):
                raise UsageError.at(f"templates/{shown}", "is not a plain file", "templates are copied, never linked")
            if about.st_size > _MAX_FILE:
                raise UsageError.at(f"templates/{shown}", "is larger than 16 MiB")
            try:
                shown.encode()
            except UnicodeEncodeError:
                raise UsageError.at(f"templates/{shown!r}", "the name is not UTF-8") from None
            found[shown] = TemplateFile(shown, path.read_bytes(), bool(about.st_mode & stat.S_IXUSR))
    return TemplateFolder(found, tuple(sorted(left_out)))


def _taken_out(names: list[str], inside: str, ignored: Collection[str]) -> Iterable[str]:
    """Remove from a folder's names what is not a template; return those files by path."""
    paths = {name: os.path.normpath(os.path.join(inside, name)) for name in sorted(names)}
    out = {name for name, path in paths.items() if _NO_TEMPLATE.fullmatch(name) or path in ignored}
    names[:] = [name for name in paths if name not in out]
    return [paths[name] for name in out]


def _raise(error: OSError) -> None:
    raise UsageError.at(error.filename, error.strerror or "cannot be read") from error


def set_names(templates: dict[str, TemplateFile], folder: Path) -> set[str]:
    """Return the existing template sets: folders under templates/ whose names do not begin with '_'."""
    names = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    for name in templates:
        parts = name.split("/")[:-1]
        names |= {"/".join(parts[: depth + 1]) for depth in range(len(parts))}
    return {name for name in names if not name.startswith("_")}
