"""Repair a store, or make it anew, whatever a killed run, a full disk or a power cut left of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from msgspec import Struct, field

from rollout.errors import GitError
from rollout.objects import pack_write
from rollout.objects.packs import Packs
from rollout.objects.stored import Content, Stored
from rollout.objects.trees import Objects
from rollout.store import layout, pending, refs, wholeness
from rollout.store.store import Store


class _Salvaged(Struct, frozen=True):
    """A waiting commit, and all objects with its changes."""

    ref: str
    commit: str
    parent: str
    objects: tuple[Content, ...]


class _Noting(Struct, frozen=True):
    """Read objects, and record each one that was read."""

    objects: Objects
    noted: dict[str, Content] = field(default_factory=dict)

    def read(self, name: str) -> Stored | None:
        found = self.objects.read(name)
        if found is not None:
            self.noted[found.id] = found.without_id
        return found


def mend(store: Store) -> None:
    """Make sure that the store is complete, or missing."""
    if os.path.lexists(store.place):
        layout.clear(store)
        if not layout.is_whole(store) or not (store.writer or wholeness.has_indexes(store.place)):
            renew(store)


def renew(store: Store) -> None:
    """Throw the store away, to be fetched again; keep a commit that waits for a push, if it is readable."""
    waiting = list(_waiting(store))
    believed = store.memory.memo().believed
    layout.reset(store)
    if waiting:
        _take_over(store, waiting)
    if believed:
        store.memory.remember(believed=believed)


def _waiting(store: Store) -> Iterator[_Salvaged]:
    for ref in refs.below(store, pending.PENDING):
        commit = refs.at(store, ref)
        found = None if commit is None else _salvaged(store, ref, commit)
        if found is not None:
            yield found


def _salvaged(store: Store, ref: str, commit: str) -> _Salvaged | None:
    """Return the objects of a waiting commit; None if any of them is damaged."""
    here = Packs(store.folder, len(commit), lenient=True)
    try:
        noting = _Noting(here)
        found = pending.within(noting, commit)
        return None if found is None else _Salvaged(ref, commit, found.parent, tuple(noting.noted.values()))
    except (GitError, OSError):
        return None
    finally:
        here.close()


def _take_over(store: Store, waiting: list[_Salvaged]) -> None:
    layout.ready(store, len(waiting[0].commit))
    # The history below their parents is not here, so git must not look for it.
    layout.set_shallow(store, sorted({kept.parent for kept in waiting}))
    for kept in waiting:
        pack_write.write(store.folder, kept.objects, len(kept.commit), promisor=True)
        refs.put(store, kept.ref, kept.commit, durable=True)
