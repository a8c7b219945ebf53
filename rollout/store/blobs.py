"""Read the contents of files from a store; missing ones are fetched in one transfer."""

from __future__ import annotations

from collections.abc import Iterable

from rollout.errors import GitError
from rollout.objects.trees import Objects
from rollout.remote.upstream import Unreachable
from rollout.store import transfer
from rollout.store.store import Store


def here(objects: Objects, names: Iterable[str]) -> dict[str, bytes]:
    """Return the contents of those blobs that are here: nothing is fetched for them."""
    found = ((name, objects.read(name)) for name in names)
    return {name: blob.content for name, blob in found if blob is not None}


def read(store: Store, objects: Objects, names: Iterable[str], *, network: bool) -> dict[str, bytes]:
    """Return the contents of blobs; raise Unreachable if some must be fetched and nothing may be."""
    needed = set(names)
    found = here(objects, needed)
    missing = [name for name in needed if name not in found]
    return {**found, **_fetched(store, objects, missing, network=network)} if missing else found


def _fetched(store: Store, objects: Objects, missing: list[str], *, network: bool) -> dict[str, bytes]:
    if not network:
        raise Unreachable("file contents that were never fetched are needed; rollout status --fetch fetches them")
    transfer.objects(store, missing)
    found = here(objects, missing)
    for name in missing:
        if name not in found:
            raise GitError(f"the remote did not send object {name}")
    return found
