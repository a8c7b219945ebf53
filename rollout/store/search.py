"""Search upstream's commits for our own."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.objects.stored import ObjectKind
from rollout.store import history, transfer
from rollout.store.history import Touch
from rollout.store.store import Store


def touches(store: Store, revisions: str) -> list[tuple[PurePosixPath, Touch]]:
    """Return what commits with our trailers did, newest first; missing trees are fetched in one transfer."""
    result = store.git.attempt(*history.LOG, revisions, "--")
    if result.code:
        _fetch_trees(store, revisions)
        result = store.git.run(*history.LOG, revisions, "--")
    searched: list[tuple[PurePosixPath, Touch]] = []
    for name, moved in history.parse_log(result.out):
        found = store.objects(name).read(name)
        searched += history.touches_of(name, found.content, moved) if found is not None else []
    return searched


def _fetch_trees(store: Store, revisions: str) -> None:
    listed = store.git.run("log", "--grep=^Rollout-Run: ", "--format=%H %P", revisions, "--")
    named = {name for line in listed.lines for name in line.split()[:2]}
    with store.git.objects() as objects:
        found = [objects.read(commit) for commit in sorted(named)]
    trees = {item.tree for item in found if item is not None and item.kind is ObjectKind.COMMIT}
    transfer.objects(store, sorted(trees))
