"""Find a person's unpushed commits that touch managed paths: they will meet ours at the next pull."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from rollout.checkout.standing import OwnCommit
from rollout.git.run import Git
from rollout.model.reasons import Collision

_COMMIT = "--format=%x01%H%x00%s"


def collisions(git: Git, persons: Sequence[OwnCommit], managed: Collection[PurePosixPath]) -> tuple[Collision, ...]:
    """Return which of these commits touch which managed paths, newest first."""
    if not persons or not managed:
        return ()
    commits = [own.commit for own in persons]
    how = ("--no-walk=unsorted", "--name-only", "--no-renames", "-z", "-m", "--first-parent")
    listed = git.attempt("log", *how, _COMMIT, *commits, "--")
    if listed.code:
        return ()  # an unreadable commit keeps the checkout from moving, and that is reported there
    return tuple(_collisions(listed.out.decode("utf-8", "surrogateescape"), managed))


def _collisions(listed: str, managed: Collection[PurePosixPath]) -> list[Collision]:
    found = []
    for record in listed.split("\x01")[1:]:
        commit, subject, *names = record.split("\0")
        touched = (PurePosixPath(name.lstrip("\n")) for name in names if name.strip("\n"))
        paths = tuple(path for path in touched if path in managed)
        found += [Collision(commit, subject, paths)] if paths else []
    return found
