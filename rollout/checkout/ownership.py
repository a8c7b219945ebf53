"""Tell whose a commit is: ours if it still is what rollout made, to the byte; otherwise a person's."""

from __future__ import annotations

from rollout.errors import GitError
from rollout.objects import messages, seal
from rollout.objects.stored import ObjectKind
from rollout.objects.trees import Objects, Tree, difference


def is_ours(objects: Objects, name: str, branch: str) -> bool:
    """Tell whether a commit has our seal for a branch, and its author, message and changes still fit the seal."""
    found = objects.read(name)
    if found is None or found.kind is not ObjectKind.COMMIT:
        return False
    parents, text = messages.parts(found.content)
    if len(parents) != 1 or not seal.claimed(text):
        return False
    try:
        moved = list(difference(Tree(objects, parents[0]), Tree(objects, name)))
    except GitError:
        return False  # what cannot be read proves nothing
    return seal.fits(found.content, moved, branch)
