"""Whose a commit is: ours is what still is, to the byte, what rollout made; everything else is a person's."""

from __future__ import annotations

from rollout import commits, seal
from rollout.git import GitError
from rollout.trees import Objects, Tree, difference


def is_ours(objects: Objects, name: str, branch: str) -> bool:
    """Tell whether a commit has our seal for a branch, and its author, words and changes are those that were sealed."""
    found = objects.read(name)
    if found is None or found[1] != "commit":
        return False
    parents, text = commits.parts(found[2])
    if len(parents) != 1 or not seal.claimed(text):
        return False
    try:
        moved = list(difference(Tree(objects, parents[0]), Tree(objects, name)))
    except GitError:
        return False  # what cannot be read proves nothing
    return seal.fits(found[2], moved, branch)
