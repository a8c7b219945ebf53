"""What we last heard from upstream."""

from __future__ import annotations

import contextlib
import os

from rollout.machine import state_folder
from rollout.remote.upstream import Instead
from rollout.store import refs
from rollout.store.store import Store


def tip(store: Store) -> str | None:
    """Return the upstream commit that was last fetched whole."""
    known = store.memory.memo().tip
    return known if known and refs.at(store, store.upstream_ref) == known else None


def absent(store: Store) -> bool:
    """Tell whether upstream had no such branch when it was last asked."""
    return store.memory.memo().absent


def instead(store: Store) -> Instead | None:
    """Return the branch that upstream had instead, when it was last asked."""
    return store.memory.memo().instead


def asked_at(store: Store) -> float | None:
    """Return when upstream was last asked, in seconds since the epoch."""
    try:
        return os.stat(_asked(store)).st_mtime
    except OSError:
        return None


def newest_run(store: Store) -> str:
    """Return the run that made our newest commit upstream, as far as it is known."""
    memo = store.memory.memo()
    firsts = (touches[0] for touches in memo.history.values() if touches)
    return next((touch.run for touch in firsts if touch.commit == memo.newest), "")


def note_asked(store: Store) -> None:
    """Record that upstream was asked just now, as a file's time: the store need be neither held nor written."""
    place = _asked(store)
    try:
        os.utime(place, follow_symlinks=False)
    except FileNotFoundError:
        _begin(place)
    except OSError:
        return  # it is only for people, who then read an older time


def note_lost(copy: Store, store: Store) -> None:
    """Record in a store that knows nothing of upstream that it was asked in a copy, where its answer is lost."""
    if asked_at(copy) is not None and tip(store) is None:
        note_asked(store)


def forget_asked(store: Store) -> None:
    """Forget when upstream was asked: what is known of it now comes from elsewhere."""
    with contextlib.suppress(OSError):
        os.unlink(_asked(store))


def _begin(place: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with contextlib.suppress(OSError):
        os.close(os.open(place, flags, 0o600))


def _asked(store: Store) -> str:
    return f"{store.place}/asked-{state_folder.key(store.remote.branch)}"
