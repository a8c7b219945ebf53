"""A person's repository, read without running git and without changing a byte of it."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from msgspec import Struct

from rollout import gitconfig, places
from rollout.git import ID
from rollout.gitconfig import Config

_MAX = 1 << 20  # bytes of a file of git's that are read
_MOST_WORDS = 200  # words of a command that are looked at for the places it names

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
_KNOWN_EXTENSIONS = {"objectformat", "worktreeconfig", "partialclone", "noop", "preciousobjects", "relativeworktrees"}


class NotOurs(Exception):
    """Why a folder is no repository that rollout may work in."""


class GitDir(Struct, frozen=True):
    """A work tree and where its git keeps things; `common_dir` differs from `git_dir` in a linked worktree."""

    top: Path
    git_dir: Path
    common_dir: Path

    def head(self) -> str | None:
        """Return the full name of the branch that is checked out, or None when HEAD is detached."""
        text = _read(f"{self.git_dir}/HEAD") or ""
        return text[5:].strip() if text.startswith("ref:") else None

    def ref(self, name: str) -> str | None:
        """Return what a full ref name points at, following symbolic refs."""
        for _ in range(5):
            text = _read(f"{self.common_dir}/{name}")
            if text is None:
                return self._packed().get(name)
            text = text.strip()
            if ID.match(text):
                return text
            if not text.startswith("ref:"):
                return None
            name = text[4:].strip()
            if ".." in name or not name.startswith("refs/"):
                return None
        return None

    def _packed(self) -> dict[str, str]:
        found = {}
        for line in (_read(self.common_dir / "packed-refs", 64 << 20) or "").splitlines():
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
            back = _read(folder / "gitdir")
            others.append((folder, Path(back.strip()).parent if back else folder))
        for folder, work_tree in others:
            text = _read(folder / "HEAD") or ""
            same = os.path.realpath(folder) == os.path.realpath(self.git_dir)
            bare = folder == self.common_dir and self.setting("core", "bare", "false").lower() == "true"
            if not same and not bare and text.startswith("ref:") and text[5:].strip() == branch_ref:
                return work_tree
        return None

    def setting(self, section: str, name: str, fallback: str) -> str:
        """Return one setting of the repository's own configuration; none is obeyed that runs or redirects."""
        return self.config().last(section, name, fallback)

    def remote_urls(self, remote: str) -> list[str]:
        """Return where the remote is pushed to, as written: the repository's own insteadOf is not followed."""
        config, section = self.config(), f'remote "{remote}"'
        return list(config.all(section, "pushurl") or config.all(section, "url"))

    def remotes(self) -> list[str]:
        return [s[8:-1] for s in self.config().sections if s.startswith('remote "') and s.endswith('"')]

    def remote_refs(self) -> list[str]:
        """Return the full names of the tracking refs, and of no other."""
        loose = (self.common_dir / "refs" / "remotes").rglob("*")
        names = {str(path.relative_to(self.common_dir)) for path in loose if path.is_file() and not path.is_symlink()}
        return sorted(names | {name for name in self._packed() if name.startswith("refs/remotes/")})

    def config(self) -> Config:
        """Return the configuration without what it includes; raise NotOurs for one that git could not read either."""
        place = f"{self.common_dir}/config"
        content = _whole_file(place)
        found = None if content is None else gitconfig.plain(content)
        return _parsed(Path(place)) if found is None else found


def _whole_file(place: str) -> bytes | None:
    """Return what stands in a file that git obeys; raise NotOurs for a pipe or the like, or a large one."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        _plain_file(place)
        return None
    try:
        about = os.fstat(descriptor)
        _plain(place, about)
        if about.st_size > _MAX:
            raise NotOurs(f"{place} is larger than {_MAX >> 20} MiB")
        return places.content(descriptor, _MAX, about.st_size)
    finally:
        os.close(descriptor)


def _parsed(place: Path) -> Config:
    """Read a configuration in which more than the plain form stands."""
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


def discover(top: Path, *, for_git: bool = True) -> GitDir:
    """Return the repository whose work tree is exactly `top`; raise NotOurs for anything else.

    `for_git` says whether git is to be run there: then there may be nothing in it for which git would wait.
    """
    what = _owned(top)
    if stat.S_ISLNK(what):
        raise NotOurs(f"{top} is a symlink to {(real := os.path.realpath(top))}; write `path: {real}`")
    if not stat.S_ISDIR(what):
        raise NotOurs(f"{top} is not a folder")
    dot_git = Path(f"{top}/.git")
    kind = _owned(dot_git, f"{top} is not the top of a git work tree")
    if stat.S_ISLNK(kind):
        raise NotOurs(f"{dot_git} is a symlink")
    git_dir = dot_git
    if not stat.S_ISDIR(kind):
        git_dir = _gitfile(dot_git, top)
        _owned(git_dir)
    common = _read(f"{git_dir}/commondir")
    common_dir = Path(os.path.normpath(git_dir / common.strip())) if common else git_dir
    found = GitDir(top, git_dir, common_dir)
    _supported(found, for_git=for_git)
    return found


_SHAPING = re.compile(r"hiderefs|include|refstorage|namespace|worktree", re.IGNORECASE)


def bare(folder: Path) -> GitDir | None:
    """Return a bare repository of our own whose refs are plain files and shown to all; None for any other."""
    found = GitDir(folder, folder, folder)
    try:
        _owned(folder)
    except NotOurs:
        return None
    config = _read(f"{folder}/config")
    whole = all(os.path.isdir(f"{folder}/{name}") for name in ("objects", "refs")) and os.path.isfile(f"{folder}/HEAD")
    odd = any(os.path.lexists(f"{folder}/{name}") for name in (".git", "commondir", "reftable"))
    return found if whole and not odd and config is not None and not _SHAPING.search(config) else None


def _plain_file(place: Path | str) -> None:
    """Raise NotOurs for what is there and is no file: git would wait for a pipe for ever."""
    with contextlib.suppress(OSError):
        _plain(place, os.stat(place))


def _plain(place: Path | str, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise NotOurs(f"{place} is not a plain file")


def _gitfile(dot_git: Path, top: Path) -> Path:
    text = _read(dot_git) or ""
    if not text.startswith("gitdir:"):
        raise NotOurs(f"{dot_git} is no git folder and does not name one")
    git_dir = Path(os.path.normpath(top / text[7:].strip()))
    back = _read(git_dir / "gitdir")
    if back is not None and os.path.realpath(top / back.strip()) != os.path.realpath(dot_git):
        raise NotOurs(f"{dot_git} points to the git folder of another work tree, {Path(back.strip()).parent}")
    if back is None and git_dir.name == ".git" and git_dir.parent != top:
        raise NotOurs(f"{dot_git} points to the git folder of another work tree, {git_dir.parent}")
    if back is None and _read(git_dir / "commondir") is not None:
        raise NotOurs(f"{dot_git} points to a git folder that is no work tree's own")
    return git_dir


def _supported(found: GitDir, *, for_git: bool) -> None:
    if not os.path.isdir(f"{found.common_dir}/objects"):
        raise NotOurs(f"{found.git_dir} is not a git folder")
    if for_git:
        for name in ("HEAD", "index", "commondir", "logs/HEAD", "FETCH_HEAD"):
            _plain_file(f"{found.git_dir}/{name}")
        for name in ("packed-refs", "shallow", "info/attributes", "info/exclude", "objects/info/alternates"):
            _plain_file(f"{found.common_dir}/{name}")
    config = found.config()
    work_tree = config.last("core", "worktree", "")
    if work_tree and os.path.realpath(found.git_dir / work_tree) != os.path.realpath(found.top):
        raise NotOurs(f"its configuration puts the work tree elsewhere, at {work_tree}")
    for section in config.sections:
        if section.split(" ")[0].lower() in {"include", "includeif"}:
            for value in config.all(section, "path"):
                _plain_file(found.common_dir / Path(value).expanduser())
    for section in config.sections:
        unknown = set(config.names(section)) - _KNOWN_EXTENSIONS if section.lower() == "extensions" else set()
        if unknown:
            raise NotOurs(f"it uses git features that are not supported here: {', '.join(sorted(unknown))}")


def _owned(path: Path, absent: str = "") -> int:
    """Return what kind of thing is there; raise NotOurs for somebody else's, and for nothing."""
    try:
        about = os.lstat(path)
    except OSError as error:
        missing = absent if isinstance(error, FileNotFoundError) else ""
        raise NotOurs(missing or f"{path}: {error.strerror}") from error
    if about.st_uid != os.geteuid():
        raise NotOurs(f"{path} belongs to another user (uid {about.st_uid})")
    return about.st_mode


def _read(path: Path | str, limit: int = _MAX) -> str | None:
    """Read one small file of git's; a symlink is not followed, and a pipe is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return None
        return places.content(descriptor, limit, about.st_size).decode("utf-8", "surrogateescape")
    finally:
        os.close(descriptor)


def processes_in(git_dir: Path, top: Path) -> Iterator[str]:
    """Yield the git processes that are at work in a repository, as far as /proc shows them.

    Raises FileNotFoundError where there is no /proc to look at.
    """
    here = {found for place in (top, git_dir) if (found := _identity(place)) is not None}
    files = set(_files_in(git_dir))
    own = os.getpid()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == own:
            continue
        folder = f"/proc/{name}"
        try:
            program = Path(os.readlink(f"{folder}/exe")).name.removesuffix(" (deleted)")
        except OSError:
            continue  # gone, a zombie, or not ours to see
        if not (program == "git" or program.startswith("git-") or program in {"jj", "tig", "lazygit", "gitui"}):
            continue
        if any(_is_below(place, here) for place in dict.fromkeys(_places(folder))) or _holds(folder, files):
            yield f"{program} (pid {name})"


Identity = tuple[int, int]  # device and inode: a place has one, by whatever path and mount it is reached


def _identity(place: Path | str) -> Identity | None:
    try:
        about = os.stat(place)
    except (OSError, ValueError):
        return None
    return about.st_dev, about.st_ino


def _files_in(git_dir: Path) -> Iterator[Identity]:
    with contextlib.suppress(OSError), os.scandir(git_dir) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                about = entry.stat(follow_symlinks=False)
                yield about.st_dev, about.st_ino


def _places(folder: str) -> Iterator[str]:
    """Yield where a process is and every place that it names, as paths that lead there through its own mounts."""
    yield f"{folder}/cwd"
    for word in _words(folder):
        place = f"{folder}/root{word}" if word.startswith("/") else f"{folder}/cwd/{word}"
        yield from (place, os.path.dirname(place))


def _words(folder: str) -> Iterator[str]:
    try:
        with open(f"{folder}/cmdline", "rb") as file:
            words = os.fsdecode(file.read(1 << 16)).split("\0")
        with open(f"{folder}/environ", "rb") as file:
            environ = os.fsdecode(file.read(1 << 17)).split("\0")
    except OSError:
        return
    named = [word for word in words[1:_MOST_WORDS] if word]
    yield from named
    yield from (value for word in named if (value := word.partition("=")[2]))
    yield from (word.partition("=")[2] for word in environ if word.startswith(("GIT_DIR=", "GIT_WORK_TREE=")))


def _is_below(place: str, here: set[Identity]) -> bool:
    """Tell whether a place is one of these folders or below one, in whatever mount it is."""
    try:
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    above: Identity | None = None
    try:
        about = os.fstat(descriptor)
        while (found := (about.st_dev, about.st_ino)) != above and stat.S_ISDIR(about.st_mode):
            if found in here:
                return True
            above = found
            outer = os.open("..", os.O_PATH | os.O_CLOEXEC, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = outer
            about = os.fstat(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _holds(folder: str, files: set[Identity]) -> bool:
    """Tell whether a process has one of these files open."""
    with contextlib.suppress(OSError):
        return any(_identity(f"{folder}/fd/{number}") in files for number in os.listdir(f"{folder}/fd"))
    return False


def writers(wanted: Collection[Identity]) -> dict[Identity, str]:
    """Return which of these files are open for writing, with the name of a process, as far as /proc shows."""
    found: dict[Identity, str] = {}
    if not wanted:
        return found
    own = os.getpid()
    try:
        processes = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != own]
    except FileNotFoundError:
        return found
    for name in processes:
        with contextlib.suppress(OSError):  # gone, or not ours to see
            for number in os.listdir(f"/proc/{name}/fd"):
                identity = _identity(f"/proc/{name}/fd/{number}")
                if identity is not None and identity in wanted and _writes(name, number):
                    found[identity] = f"{Path(os.readlink(f'/proc/{name}/exe')).name} (pid {name})"
    return found


def _writes(process: str, number: str) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{process}/fdinfo/{number}") as file:
        flags = next((line.split()[1] for line in file if line.startswith("flags:")), "0")
        return bool(int(flags, 8) & os.O_ACCMODE)
    return False
