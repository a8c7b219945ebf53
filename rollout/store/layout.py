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

REMOTE = "rollout-upstream"  # a name that no person's global configuration uses

SHA1 = 40  # characters of an id

_ID_SIZES = (SHA1, 64)

_MAX_PACKS = 16  # small packs; each is searched for old objects

_LEFT = re.compile(r".*\.lock\Z|tmp_|fast_import_crash_|\.rollout-")  # what only a killed process leaves behind


def ready(store: Store, id_size: int) -> None:
    """Make the store when it is missing."""
    config, there = _config(store, id_size), store.text("config")
    if f"objectFormat = {object_format(id_size)}" not in there:
        store.forget()
        wholeness.make(store.place, config)
    elif there != config:
        files.write_whole(store.place / "config", config.encode(), durable=False)
    store.packs.close()  # some of the known packs may be removed now
    pack_write.gather(store.folder, id_size, _MAX_PACKS)


def is_whole(store: Store) -> bool:
    """Tell whether the store is a valid repository, and that of this remote."""
    return store.text("config") in {_config(store, size) for size in _ID_SIZES} and wholeness.is_whole(store.place)


def _config(store: Store, id_size: int) -> str:
    url = store.remote.url.replace("\\", "\\\\").replace('"', '\\"')
    return (
        "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n\tfilemode = true\n"
        f"[extensions]\n\tpartialClone = {REMOTE}\n\tobjectFormat = {object_format(id_size)}\n"
        f'[remote "{REMOTE}"]\n\turl = "{url}"\n\tpromisor = true\n\tpartialCloneFilter = blob:none\n'
    )


def clear(store: Store) -> None:
    """Remove what a killed process left: we hold the store, so any lock in it belongs to nobody."""
    found = [(folder, names) for folder, _, names in os.walk(f"{store.place}/refs")]
    found += [(folder, _listed(folder)) for folder in (f"{store.place}", f"{store.place}/objects/pack")]
    for folder, names in found:
        for name in filter(_LEFT.match, names):
            Path(folder, name).unlink(missing_ok=True)
    wholeness.drop_damaged_refs(store.place)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def reset(store: Store) -> None:
    """Throw the store away: except for a pinned commit, everything in it can be fetched or built again."""
    wholeness.discard(store.place)
    store.forget()


def is_shallow(store: Store) -> bool:
    return (store.place / "shallow").exists()


def shallow(store: Store) -> tuple[str, ...]:
    """Return the commits that are here without their parents."""
    return tuple(sorted(store.text("shallow").split()))


def set_shallow(store: Store, commits: Iterable[str]) -> None:
    files.write_whole(store.place / "shallow", "".join(f"{name}\n" for name in commits).encode(), durable=False)


def forget_shallow(store: Store) -> None:
    (store.place / "shallow").unlink(missing_ok=True)
