"""Commits put onto a branch of a bare repository by one program: `git fast-import` does what add, commit and push do.

Where a person's git would do more than that (hooks, attributes, settings of its own), `simple` says no.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.person import GITCONFIG

Files = Mapping[str, str | bytes | None]  # None takes a file away

_PERSON = b"committer Pat Person <pat@example.org> 1770132000 +0000\n"
_PLAIN = re.compile(r"[\w./ -]+")


@dataclass(frozen=True)
class Branch:
    """The branch that a new commit goes to, and the permissions of the files that it is about."""

    name: str
    modes: Mapping[str, str]


def simple(bare: Path, files: Files) -> Branch | None:
    """Return where a commit of these files goes; None if git has to be asked for each step."""
    if not _usual(bare) or any(not _PLAIN.fullmatch(path) or "gitattributes" in path for path in files):
        return None
    listed = _git(bare, "ls-tree", "-z", "HEAD", "--", ".gitattributes", *files, *_folders(files))
    if listed is None:
        return None
    modes = {path: about.split()[0] for about, _, path in (one.partition("\t") for one in listed.split("\0") if one)}
    unusual = ".gitattributes" in modes or any(modes.get(path, "100644")[:3] != "100" for path in files)
    blocked = any(modes.get(folder, "040000") != "040000" for folder in _folders(files))
    missing = any(content is None and path not in modes for path, content in files.items())
    branch = (bare / "HEAD").read_text().strip().removeprefix("ref: refs/heads/")
    return None if unusual or blocked or missing else Branch(branch, modes)


def _usual(bare: Path) -> bool:
    """Tell whether nothing on the way changes what a person commits: no settings of their own, and no hooks."""
    settings = Path(os.environ["GIT_CONFIG_GLOBAL"]).read_text()
    hooks = bare / "hooks"
    hooked = hooks.is_dir() and any(file.suffix != ".sample" for file in hooks.iterdir())
    begun = bare.with_name(f"{bare.stem}.elsewhere").exists()
    told = any(name.startswith(("GIT_CONFIG_COUNT", "GIT_AUTHOR", "GIT_COMMITTER")) for name in os.environ)
    return settings == GITCONFIG and not told and not hooked and not begun


def _folders(files: Files) -> list[str]:
    return [str(folder) for path in files for folder in Path(path).parents if str(folder) != "."]


def committed(bare: Path, branch: Branch, files: Files, message: str) -> str:
    """Commit as somebody else, and return the commit's id."""
    stream = _commit(branch, f"refs/heads/{branch.name}^0", files, message)
    return _import(bare, stream + b"get-mark :1\n")


def row(bare: Path, commits: Iterable[Files], branch: str = "main") -> None:
    """Commit as somebody else, one commit after the other."""
    onto, stream = f"refs/heads/{branch}^0", b""
    for number, files in enumerate(commits):
        stream += _commit(Branch(branch, {}), onto, files, f"work {number}")
        onto = ":1"
    _import(bare, stream)


def _commit(branch: Branch, onto: str, files: Files, message: str) -> bytes:
    head = f"commit refs/heads/{branch.name}\nmark :1\n".encode()
    changes = (
        f"D {path}\n".encode()
        if content is None
        else f"M {branch.modes.get(path, '100644')} inline {path}\n".encode() + _data(content)
        for path, content in files.items()
    )
    return head + _PERSON + _data(f"{message}\n") + f"from {onto}\n".encode() + b"".join(changes) + b"\n"


def _data(content: str | bytes) -> bytes:
    content = content if isinstance(content, bytes) else content.encode()
    return b"data %d\n%s\n" % (len(content), content)


def _import(bare: Path, stream: bytes) -> str:
    done = subprocess.run(["git", "fast-import", "--quiet"], cwd=bare, input=stream, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def _git(bare: Path, *arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=bare, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
