"""The names that a target has had in its inventory: our commits tell whose they are by name."""

from __future__ import annotations

from rollout.machine import state_folder
from rollout.store.store import Store


def take(store: Store, inventory: str, path: str) -> None:
    """Remember that the target at this place has its name now; `path` is that of its checkout, "" without one."""
    known, place = store.memory.memo().names, state_folder.key(inventory, path)
    if known.get(store.target) != place:
        store.memory.remember(names={**known, store.target: place})


def names(store: Store) -> frozenset[str]:
    """Return the names that the store's target has or had; that of a target elsewhere is not among them."""
    known = store.memory.memo().names
    place = known.get(store.target)
    return frozenset({store.target, *(name for name, there in known.items() if there == place)})
