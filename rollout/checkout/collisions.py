"""Find a person's unpushed commits that touch managed paths: they will meet ours at the next pull."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from rollout.checkout.standing import OwnCommit
from rollout.git.run import Git
from rollout.model.reasons import Collision

# Of a merge, `-c` names the paths that are unlike all of its parents: what it took from one of them, others changed.
_HOW = ("--no-walk=unsorted", "--name-only", "--no-renames", "-z", "-c", "--root", "--format=%H%x00%s")


def collisions(git: Git, persons: Sequence[OwnCommit], managed: Collection[PurePosixPath]) -> tuple[Collision, ...]:
    """Return which of these commits touch which managed paths, newest first."""
    if not persons or not managed:
        return ()
    commits = [own.commit for own in persons]
    listed = git.attempt("log", *_HOW, *commits, "--")
    if listed.code:
        return ()  # an unreadable commit keeps the checkout from moving, and that is reported there
    words = iter(listed.out.decode("utf-8", "surrogateescape").split("\0"))
    return tuple(one for one in _touching(words, set(commits), managed) if one.paths)


def _touching(words: Iterator[str], commits: set[str], managed: Collection[PurePosixPath]) -> Iterator[Collision]:
    """Read each commit, its subject and the managed paths that it touches."""
    commit, subject = "", ""
    paths: list[PurePosixPath] = []
    for word in words:
        if word in commits:
            yield Collision(commit, subject, tuple(paths))
            commit, subject, paths = word, next(words), []
        elif PurePosixPath(word.lstrip("\n")) in managed:
            paths.append(PurePosixPath(word.lstrip("\n")))
    yield Collision(commit, subject, tuple(paths))
