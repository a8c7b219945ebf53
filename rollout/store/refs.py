"""The refs of a store: read and written as files, because we hold its lock."""

from __future__ import annotations

import os

from rollout.machine import files
from rollout.objects.ids import ID
from rollout.store.store import Store


def at(store: Store, name: str) -> str | None:
    """Return the commit that a ref names; None if there is none."""
    text = store.text(name).strip()
    return text if ID.match(text) else None


def put(store: Store, name: str, commit: str, *, durable: bool = False) -> None:
    """Write a ref; a `durable` one survives a power cut, with its objects."""
    if durable:
        files.sync_folder(store.folder / "pack")
    files.write_whole(store.place / name, f"{commit}\n".encode(), durable=durable)


def drop(store: Store, name: str) -> None:
    (store.place / name).unlink(missing_ok=True)


def below(store: Store, folder: str) -> list[str]:
    """Return the names of the refs in a folder of refs."""
    try:
        return [f"{folder}/{name}" for name in os.listdir(f"{store.place}/{folder}")]
    except OSError:
        return []


def commits(store: Store) -> list[str]:
    """Return the commits that refs of ours name."""
    names = [file.relative_to(store.place) for file in store.place.glob("refs/rollout/**/*") if file.is_file()]
    return [commit for name in names if (commit := at(store, str(name))) is not None]
