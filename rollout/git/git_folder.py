"""Read a person's repository without running git and without changing a byte of it."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from rollout.git import configuration
from rollout.git.configuration import Config
from rollout.machine import files
from rollout.objects.ids import ID

_MAX = 1 << 20  # bytes of a file of git's that are read


_OPERATIONS = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisect",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or am",
    "sequencer": "a sequence of picks",
    "MERGE_AUTOSTASH": "an autostash",
}


class NotOurs(Exception):
    """Rollout may not work in this folder; the text says why."""


class GitDir(Struct, frozen=True):
    """A work tree and its git folders; `common_dir` differs from `git_dir` in a linked worktree."""

    top: Path
    git_dir: Path
    common_dir: Path

    def head(self) -> str | None:
        """Return the full name of the branch that is checked out, or None when HEAD is detached."""
        text = read(f"{self.git_dir}/HEAD") or ""
        return said(text[4:]) if text.startswith("ref:") else None

    def ref(self, name: str) -> str | None:
        """Return what a full ref name points at, following symbolic refs."""
        for _ in range(5):
            text = read(f"{self.common_dir}/{name}")
            if text is None:
                return self._packed().get(name)
            text = text.strip()
            if ID.match(text):
                return text
            if not text.startswith("ref:"):
                return None
            name = said(text[4:])
            if ".." in name or not name.startswith("refs/"):
                return None
        return None

    def below(self, folder: str) -> dict[str, str]:
        """Return the refs in a folder of refs, with what they point at."""
        loose = (self.common_dir / folder).rglob("*")
        names = {str(path.relative_to(self.common_dir)) for path in loose if path.is_file() and not path.is_symlink()}
        names |= {name for name in self._packed() if name.startswith(f"{folder}/")}
        return {name: commit for name in sorted(names) if (commit := self.ref(name)) is not None}

    def _packed(self) -> dict[str, str]:
        found = {}
        for line in (read(self.common_dir / "packed-refs", 64 << 20) or "").split("\n"):
            commit, _, name = line.partition(" ")
            if ID.match(commit):
                found[name] = commit
        return found

    def operation(self) -> str | None:
        """Name the operation that is in progress, or None."""
        for name, words in _OPERATIONS.items():
            if os.path.lexists(self.git_dir / name):
                return words
        return None

    def elsewhere(self, branch_ref: str) -> Path | None:
        """Return another worktree of the same repository that has the branch checked out, or None."""
        others = [(self.common_dir, self.common_dir.parent)]
        for folder in sorted((self.common_dir / "worktrees").glob("*")):
            back = read(folder / "gitdir")
            others.append((folder, Path(said(back)).parent if back else folder))
        for folder, work_tree in others:
            text = read(folder / "HEAD") or ""
            same = os.path.realpath(folder) == os.path.realpath(self.git_dir)
            bare = folder == self.common_dir and self.setting("core", "bare", "false").lower() == "true"
            if not same and not bare and text.startswith("ref:") and said(text[4:]) == branch_ref:
                return work_tree
        return None

    def setting(self, section: str, name: str, fallback: str) -> str:
        """Return one setting of the repository's own configuration; we obey none that runs or redirects anything."""
        return self.config().last(section, name, fallback)

    def compares_modes(self) -> bool:
        """Tell whether git looks at the mode of files here; it does not where the file system has none."""
        return self.setting("core", "filemode", "true").lower() != "false"

    def remote_urls(self, remote: str) -> list[str]:
        """Return the addresses that the remote is pushed to, as written: we ignore the repository's own insteadOf."""
        config, section = self.config(), f'remote "{remote}"'
        return list(config.all(section, "pushurl") or config.all(section, "url"))

    def remotes(self) -> list[str]:
        return [s[8:-1] for s in self.config().sections if s.startswith('remote "') and s.endswith('"')]

    def remote_refs(self) -> list[str]:
        """Return the full names of the tracking refs only."""
        loose = (self.common_dir / "refs" / "remotes").rglob("*")
        names = {str(path.relative_to(self.common_dir)) for path in loose if path.is_file() and not path.is_symlink()}
        return sorted(names | {name for name in self._packed() if name.startswith("refs/remotes/")})

    def config(self) -> Config:
        """Return the configuration without what it includes; raise NotOurs for one that git could not read either."""
        place = f"{self.common_dir}/config"
        content = _whole_file(place)
        found = None if content is None else configuration.plain(content)
        return _parsed(Path(place)) if found is None else found


def _whole_file(place: str) -> bytes | None:
    """Return the content of a file that git obeys; raise NotOurs if it is a pipe or the like, or too large."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        plain_file(place)
        return None
    try:
        about = os.fstat(descriptor)
        _plain(place, about)
        if about.st_size > _MAX:
            raise NotOurs(f"{place} is larger than {_MAX >> 20} MiB")
        return files.content(descriptor, _MAX, about.st_size)
    finally:
        os.close(descriptor)


def _parsed(place: Path) -> Config:
    """Read a configuration that is not in the plain form."""
    import configparser

    from git.config import GitConfigParser

    parser = GitConfigParser(str(place), read_only=True, merge_includes=False)
    try:
        parser.read()
        sections = {section: dict(parser.items_all(section)) for section in parser.sections()}
    except (configparser.Error, ValueError, OSError) as error:
        reason = str(error).split("\n", 1)[0].encode("unicode_escape").decode()
        raise NotOurs(f"{place} cannot be read: {reason}") from error
    return Config(
        {
            section: {name.lower(): tuple(str(value) for value in values) for name, values in settings.items()}
            for section, settings in sections.items()
        }
    )


_SHAPING = re.compile(r"hiderefs|include|refstorage|namespace|worktree", re.IGNORECASE)


def said(text: str) -> str:
    """Return the name or the path in a file of git's; characters such as U+3000 at its end are its own."""
    return text.strip(" \t\r\n")


def bare(folder: Path) -> GitDir | None:
    """Return a bare repository that we own, with refs in plain files and none hidden; None for any other."""
    try:
        owned(folder)
    except NotOurs:
        return None
    top = str(folder)
    config = read(f"{top}/config")
    isdir, lexists = os.path.isdir, os.path.lexists
    whole = isdir(f"{top}/objects") and isdir(f"{top}/refs") and os.path.isfile(f"{top}/HEAD")
    odd = lexists(f"{top}/.git") or lexists(f"{top}/commondir") or lexists(f"{top}/reftable")
    if not whole or odd or config is None or _SHAPING.search(config):
        return None
    return GitDir(folder, folder, folder)


def plain_file(place: Path | str) -> None:
    """Raise NotOurs if something other than a file is there: git would wait for a pipe for ever."""
    with contextlib.suppress(OSError):
        _plain(place, os.stat(place))


def _plain(place: Path | str, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise NotOurs(f"{place} is not a plain file")


def owned(path: Path, absent: Callable[[], str] | None = None) -> int:
    """Return the kind of the file at a path; raise NotOurs if nothing is there, or if it belongs to somebody else.

    `absent` says why it should be there.
    """
    try:
        about = os.lstat(path)
    except OSError as error:
        missing = absent() if absent and isinstance(error, FileNotFoundError) else ""
        raise NotOurs(missing or f"{path}: {error.strerror}") from error
    if about.st_uid != os.geteuid():
        raise NotOurs(f"{path} belongs to another user (uid {about.st_uid})")
    return about.st_mode


def read(path: Path | str, limit: int = _MAX) -> str | None:
    """Read one small file of git's without following a symlink or waiting for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return None
        return files.content(descriptor, limit, about.st_size).decode("utf-8", "surrogateescape")
    finally:
        os.close(descriptor)
