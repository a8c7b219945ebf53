"""Read templates/ once, at the start: what is rendered later can neither change meanwhile nor be outside."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection
from pathlib import Path

from msgspec import Struct

from rollout.errors import Mistake, Place, UsageError
from rollout.model.few import few
from rollout.model.files import TemplateFile
from rollout.safety.stray import is_stray

_MAX_FILE = 16 * 1024 * 1024
_GIT = ".git"
_NAMED = 5  # how many of the left-out files a warning names


class TemplateFolder(Struct, frozen=True):
    """The files under a templates folder by path, and the files there that are not templates."""

    files: dict[str, TemplateFile]
    left_out: tuple[str, ...] = ()

    def warning(self, *, whole: bool = False) -> str | None:
        """Say what is left out: all of it, or the first of many."""
        if not self.left_out:
            return None
        names = few(self.left_out, len(self.left_out) if whole else _NAMED, "-v names them")
        return f"templates/: left out because they are not templates or git ignores them: {names}"


def load(folder: Path, ignored: Collection[str] = ()) -> TemplateFolder:
    """Return every file under a templates folder, except stray files, what git ignores, and a repository's own files.

    Raises UsageError with every symlink, special file, file of more than 16 MiB or that cannot be read, and name that
    is not UTF-8.
    """
    found: dict[str, TemplateFile] = {}
    left_out: list[str] = []
    faults: list[Mistake] = []
    for above, folders, names in os.walk(folder, onerror=_raise):
        inside = os.path.relpath(above, folder)
        if _is_of_git(Path(above) / _GIT):
            folders[:], names = ([name for name in some if name != _GIT] for some in (folders, names))
        left_out += _taken_out(folders, inside, lambda path: is_stray(path) and not _holds_template(folder, path))
        left_out += _taken_out(names, inside, lambda path: is_stray(path) or path in ignored)
        for name in sorted([*names, *(f for f in folders if (Path(above) / f).is_symlink())]):
            path = Path(above) / name
            shown = str(path.relative_to(folder))
            about = path.lstat()
            fault = _fault(shown, about)
            content = _content(path) if fault is None else None
            if isinstance(content, bytes):
                found[shown] = TemplateFile(shown, content, bool(about.st_mode & stat.S_IXUSR))
            else:
                faults.append(fault or Mistake(str(content), Place(f"templates/{shown}")))
    if faults:
        raise UsageError(*sorted(faults, key=str))
    return TemplateFolder(found, tuple(sorted(left_out)))


def _is_of_git(path: Path) -> bool:
    """Tell whether what is called `.git` makes a repository, a work tree or a submodule of its folder."""
    try:
        return (path / "HEAD").is_file() or path.read_bytes().startswith(b"gitdir:")
    except OSError:
        return False


def _fault(shown: str, about: os.stat_result) -> Mistake | None:
    """Say why a path among templates cannot be read as one."""
    place = Place(f"templates/{shown}")
    if not stat.S_ISREG(about.st_mode):
        return Mistake("is not a plain file", place, "templates are copied, never linked")
    if about.st_size > _MAX_FILE:
        return Mistake("is larger than 16 MiB", place)
    try:
        shown.encode()
    except UnicodeEncodeError:
        return Mistake("the name is not UTF-8", Place(f"templates/{shown!r}"))
    return None


def _content(path: Path) -> bytes | str:
    """Return the bytes of a template, or why they cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        return error.strerror or "cannot be read"


def _taken_out(names: list[str], inside: str, is_none: Callable[[str], bool]) -> list[str]:
    """Remove from a folder's names what is no template; return those by path."""
    paths = {name: os.path.normpath(os.path.join(inside, name)) for name in sorted(names)}
    out = {name for name, path in paths.items() if is_none(path)}
    names[:] = [name for name in paths if name not in out]
    return [paths[name] for name in out]


def _holds_template(folder: Path, path: str) -> bool:
    top = folder / path
    if top.is_symlink():
        return False
    below = (os.path.join(os.path.relpath(above, folder), name) for above, _, names in os.walk(top) for name in names)
    return not all(map(is_stray, below))


def _raise(error: OSError) -> None:
    raise UsageError.at(error.filename, error.strerror or "cannot be read") from error


def set_names(templates: dict[str, TemplateFile], folder: Path) -> set[str]:
    """Return the existing template sets: folders under templates/ whose names do not begin with '_'."""
    names = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    for name in templates:
        parts = name.split("/")[:-1]
        names |= {"/".join(parts[: depth + 1]) for depth in range(len(parts))}
    return {name for name in names if not name.startswith("_")}
