"""Read what a branch has at upstream's tip: for templates that read files, whoever manages these."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.errors import GitError
from rollout.model.files import Snapshot
from rollout.model.inventory import Branch, Target
from rollout.model.plan import Step
from rollout.remote.upstream import NoBranch, Unreachable
from rollout.store import fetch, heard, mend, snapshot, tree
from rollout.store.store import Store
from rollout.targets.branch.evaluate import at_work, last_tip
from rollout.targets.branch.locate import Located
from rollout.targets.job import Settings


class Tip(Struct, frozen=True):
    """The commit to read from, and when upstream was last asked, in seconds since the epoch."""

    commit: str
    asked_at: float | None


def tip_of(target: Target, settings: Settings, told: str | None = None) -> Tip | Step:
    """Return the commit to read from, or the step that says why there is none; `told` is what upstream said already."""
    assert isinstance(target.location, Branch)
    where = target.location

    def look(at: Located, store: Store) -> Tip:
        return Tip(commit(at, store), heard.asked_at(store))

    def commit(at: Located, store: Store) -> str:
        network = not settings.offline or at.local
        if told is not None:
            return fetch.commit(store, told) if network else told
        try:
            return last_tip(at, store, where, network=network)
        except (Unreachable, NoBranch):
            raise
        except GitError:
            mend.renew(store)
            return last_tip(at, store, where, network=network)

    return at_work(target, settings, look)


def plain_files(target: Target, tip: str, folder: PurePosixPath, settings: Settings) -> list[PurePosixPath] | Step:
    """Return every plain file below a folder of a repository."""
    return at_work(target, settings, lambda _at, store: tree.plain_files(store, tip, folder))


def executable(target: Target, tip: str, path: PurePosixPath, settings: Settings) -> bool | Step | None:
    """Return None if nothing is at a path, else whether it is executable."""
    return at_work(target, settings, lambda _at, store: tree.executable(store, tip, path))


def paths_at(
    target: Target, tip: str, paths: Collection[PurePosixPath], merged: Collection[PurePosixPath], settings: Settings
) -> Snapshot | Step:
    """Return these paths as they are at a commit."""

    def look(at: Located, store: Store) -> Snapshot:
        return snapshot.at(store, tip, paths, (), network=not settings.offline or at.local, merged=merged)

    return at_work(target, settings, look)
