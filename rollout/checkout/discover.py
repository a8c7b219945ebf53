"""Open the git folder of a work tree, or say why we will not touch it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from rollout.git.git_folder import GitDir, NotOurs, owned, plain_file, read, said
from rollout.model.hindrances import MENDS_HEAD, DamagedHead, in_words
from rollout.safety import addresses

_KNOWN_EXTENSIONS = {"objectformat", "worktreeconfig", "partialclone", "noop", "preciousobjects", "relativeworktrees"}
_BARE = ("HEAD", "objects", "refs")


def discover(top: Path, *, for_git: bool = True) -> GitDir:
    """Return the repository whose work tree is exactly `top`; raise NotOurs for anything else.

    `for_git` says whether we will run git there: then nothing in it may make git wait.
    """
    what = owned(top)
    if stat.S_ISLNK(what):
        raise NotOurs(f"{top} is a symlink to {(real := os.path.realpath(top))}; write `path: {real}`")
    if not stat.S_ISDIR(what):
        raise NotOurs(f"{top} is not a folder")
    dot_git = Path(f"{top}/.git")
    kind = owned(dot_git, lambda: f"{top} is not the top of a git work tree, {_what_else(top)}")
    if stat.S_ISLNK(kind):
        raise NotOurs(f"{dot_git} is a symlink")
    git_dir = dot_git
    if not stat.S_ISDIR(kind):
        git_dir = _gitfile(dot_git, top)
        owned(git_dir)
    common = read(f"{git_dir}/commondir")
    common_dir = Path(os.path.normpath(git_dir / said(common))) if common else git_dir
    found = GitDir(top, git_dir, common_dir)
    _supported(found, for_git=for_git)
    return found


def is_bare(folder: Path) -> bool:
    return all(os.path.lexists(folder / name) for name in _BARE)


def _what_else(top: Path) -> str:
    """Say what a folder without `.git` is, and what to write in its place."""
    if is_bare(top):
        return f"but a bare repository; write `url: {top}` in place of `path`"
    around = next((parent for parent in top.parents if os.path.lexists(parent / ".git")), None)
    if around is not None:
        return f"but a folder in that of {around}; write `path: {around}` if that is meant"
    return "for it has no .git; clone the repository there, or write where its checkout is"


def _gitfile(dot_git: Path, top: Path) -> Path:
    text = read(dot_git) or ""
    if not text.startswith("gitdir:"):
        raise NotOurs(f"{dot_git} is not a git folder and does not name one")
    git_dir = Path(os.path.normpath(top / said(text[7:])))
    back = read(git_dir / "gitdir")
    if back is not None and os.path.realpath(top / said(back)) != os.path.realpath(dot_git):
        raise NotOurs(f"{dot_git} points to the git folder of another work tree, {Path(said(back)).parent}")
    if back is None and git_dir.name == ".git" and git_dir.parent != top:
        raise NotOurs(f"{dot_git} points to the git folder of another work tree, {git_dir.parent}")
    if back is None and read(git_dir / "commondir") is not None:
        raise NotOurs(f"{dot_git} points to a git folder that belongs to no work tree")
    return git_dir


_HEAD = re.compile(r"ref:\s*refs/|[0-9a-f]{40}(?:[0-9a-f]{24})?\s*$", re.ASCII | re.IGNORECASE)


def _with_head(place: str) -> None:
    """Raise NotOurs if git would take the repository for none because of its HEAD."""
    text = read(place)
    if text is None:
        if os.path.islink(place):
            return  # as git made it once; git follows it
        plain_file(place)
        raise NotOurs(f"{place} cannot be read" if os.path.lexists(place) else f"{place} is missing; {MENDS_HEAD}")
    name = said(text[4:]) if text.startswith("ref:") else ""
    if not _HEAD.match(text) or (name and addresses.ref_refusal(name)):
        raise NotOurs(in_words(DamagedHead(Path(place), "neither a branch nor a commit")))


def _supported(found: GitDir, *, for_git: bool) -> None:
    if not os.path.isdir(f"{found.common_dir}/objects") or not os.path.isdir(f"{found.common_dir}/refs"):
        raise NotOurs(f"{found.git_dir} is not a git folder")
    _with_head(f"{found.git_dir}/HEAD")
    if for_git:
        for name in ("HEAD", "index", "commondir", "logs/HEAD", "FETCH_HEAD"):
            plain_file(f"{found.git_dir}/{name}")
        for name in ("packed-refs", "shallow", "info/attributes", "info/exclude", "objects/info/alternates"):
            plain_file(f"{found.common_dir}/{name}")
    config = found.config()
    work_tree = config.last("core", "worktree", "")
    if work_tree and os.path.realpath(found.git_dir / work_tree) != os.path.realpath(found.top):
        raise NotOurs(f"its configuration puts the work tree elsewhere, at {work_tree}")
    for section in config.sections:
        if section.split(" ")[0].lower() in {"include", "includeif"}:
            for value in config.all(section, "path"):
                plain_file(found.common_dir / Path(value).expanduser())
    for section in config.sections:
        unknown = set(config.names(section)) - _KNOWN_EXTENSIONS if section.lower() == "extensions" else set()
        if unknown:
            raise NotOurs(f"it uses git features that rollout does not support: {', '.join(sorted(unknown))}")
