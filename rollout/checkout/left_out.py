"""Tell which files a sparse checkout leaves out: nobody deleted them, and they stay out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from rollout.git.git_folder import GitDir
from rollout.git.run import Git
from rollout.machine import look

_AT_ONCE = 500  # paths that git is asked about by one command


def left_out(repo: GitDir, git: Git, paths: Iterable[PurePosixPath]) -> frozenset[PurePosixPath]:
    """Return the paths that are not in the work tree because the index says so: by the bit skip-worktree."""
    absent = [path for path in paths if look.look(repo.top, path) is None]
    return frozenset(path for path, words in in_index(git, absent) if words[0] == "S")


def in_index(git: Git, paths: Iterable[PurePosixPath]) -> Iterable[tuple[PurePosixPath, list[str]]]:
    """Yield what the index says of paths that are in it: its tag, the mode, the id and the stage."""
    words = [str(path) for path in paths]
    for start in range(0, len(words), _AT_ONCE):
        listed = git.run("ls-files", "-s", "-t", "-z", "--", *words[start : start + _AT_ONCE])
        for record in listed.out.decode("utf-8", "surrogateescape").split("\0"):
            if record:
                about, _, path = record.partition("\t")
                yield PurePosixPath(path), about.split(" ")
