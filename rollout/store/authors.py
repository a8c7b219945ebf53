"""Find who changed a file upstream last, from git's log, whose trees are fetched in one transfer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from rollout.errors import GitError
from rollout.machine import clock
from rollout.model.changed import ChangedBy
from rollout.objects.stored import ObjectKind
from rollout.store import layout, transfer
from rollout.store.store import Store

_LOOKED_THROUGH = 200  # commits to search: older changes are not named


def last_changes(
    store: Store, tip: str, paths: Iterable[PurePosixPath], *, network: bool
) -> dict[PurePosixPath, ChangedBy]:
    """Return who changed each file last, as far as the newest commits tell."""
    wanted = list(paths)
    if not wanted:
        return {}
    try:
        newest = store.git.run("rev-list", f"--max-count={_LOOKED_THROUGH}", tip, "--").out.decode().split()
        if network:
            _have_trees(store, newest)
        found = {path: _last_change(store, tip, newest, path) for path in wanted}
    except GitError:
        return {}  # the author is only a help
    return {path: by for path, by in found.items() if by is not None}


def _have_trees(store: Store, commits: Iterable[str]) -> None:
    with store.git.objects() as objects:
        found = [objects.read(commit) for commit in commits]
        trees = {item.tree for item in found if item is not None and item.kind is ObjectKind.COMMIT}
        missing = sorted(tree for tree in trees if objects.read(tree) is None)
    if missing:
        transfer.objects(store, missing)


def _last_change(store: Store, tip: str, newest: list[str], path: PurePosixPath) -> ChangedBy | None:
    """Return the newest commit of others that changed a file; the oldest that we have seems to have made everything."""
    oldest = (f"^{newest[-1]}",) if len(newest) == _LOOKED_THROUGH else ()
    ours = {touch.commit for touch in store.memory.memo().history.get(str(path), ()) if touch.wrote}
    listed = store.git.attempt(
        "log", f"-{len(ours) + 1}", "--no-renames", "--no-color", "--format=%H%x00%at%x00%an",
        tip, *oldest, "--", str(path),
    )  # fmt: skip
    lines = listed.lines
    theirs = next((line for line in lines if line.partition("\0")[0] not in ours), "")
    commit, _, rest = theirs.partition("\0")
    when, _, who = rest.partition("\0")
    if listed.code or not when.isdigit() or commit in layout.shallow(store):
        return None
    return ChangedBy(float(when), clock.epoch(), who, commit, before_ours=theirs != lines[0])
