"""The files of a store: made when it is missing, tidied, thrown away."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from rollout.machine import files
from rollout.objects import pack_write
from rollout.objects.ids import object_format
from rollout.store import wholeness
from rollout.store.store import Store

REMOTE = "rollout-upstream"  # a name that no person's global configuration speaks of

SHA1 = 40  # characters of an id

_ID_SIZES = (SHA1, 64)

_MAX_PACKS = 16  # small ones; each is looked into for what is old

_LEFT = re.compile(r".*\.lock\Z|tmp_|fast_import_crash_|\.rollout-")  # what only a killed process leaves


def ready(store: Store, id_size: int) -> None:
    """Make the store when it is missing."""
    config, there = _config(store, id_size), store.text("config")
    if f"objectFormat = {object_format(id_size)}" not in there:
        store.forget()
        wholeness.make(store.place, config)
    elif there != config:
        files.write_whole(store.place / "config", config.encode(), durable=False)
    store.packs.close()  # some of those we know may go now
    pack_write.gather(store.folder, id_size, _MAX_PACKS)


def is_whole(store: Store) -> bool:
    """Tell whether git takes the store for a repository, and that of this remote."""
    return store.text("config") in {_config(store, size) for size in _ID_SIZES} and wholeness.is_whole(store.place)


def _config(store: Store, id_size: int) -> str:
    url = store.remote.url.replace("\\", "\\\\").replace('"', '\\"')
    return (
        "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n\tfilemode = true\n"
        f"[extensions]\n\tpartialClone = {REMOTE}\n\tobjectFormat = {object_format(id_size)}\n"
        f'[remote "{REMOTE}"]\n\turl = "{url}"\n\tpromisor = true\n\tpartialCloneFilter = blob:none\n'
    )


def clear(store: Store) -> None:
    """Take away what a killed process left: we hold the store, so whatever lock lies about is nobody's."""
    folders = [folder for folder, _, _ in os.walk(f"{store.place}/refs")]
    for folder in (*folders, f"{store.place}", f"{store.place}/objects/pack"):
        for name in filter(_LEFT.match, _listed(folder)):
            Path(folder, name).unlink(missing_ok=True)
    wholeness.drop_damaged_refs(store.place)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def reset(store: Store) -> None:
    """Throw the store away: it holds nothing that cannot be fetched or built again, but for a pinned commit."""
    wholeness.discard(store.place)
    store.forget()


def is_shallow(store: Store) -> bool:
    return (store.place / "shallow").exists()


def shallow(store: Store) -> tuple[str, ...]:
    """Return the commits here whose parents are not."""
    return tuple(sorted(store.text("shallow").split()))


def set_shallow(store: Store, commits: Iterable[str]) -> None:
    files.write_whole(store.place / "shallow", "".join(f"{name}\n" for name in commits).encode(), durable=False)
