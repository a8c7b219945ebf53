"""Hold the store of a repository while it is used, read in it beside its writer, or look at what it remembers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from rollout.errors import Busy
from rollout.machine import locks, state_folder, waiting
from rollout.model.reasons import AtWork
from rollout.remote.upstream import Remote
from rollout.safety import addresses
from rollout.store import heard, store
from rollout.store.store import Store

_FOLDER = "workshops"  # the former names of stores: existing ones stay in use
_TURN = 0.2  # seconds to wait for a reader before we look whether a run holds the store by now


@contextmanager
def opened(folder: Path, remote: Remote, target: str, *, wait: float = 60.0, run: str = "") -> Iterator[Store]:
    """Hold the store of a repository for the block, for a run if one is given; raise Busy if another holds it."""
    from rollout.store import mend

    place = _place(folder, remote)
    what = f"run {run}" if run else f"{target}: its store"
    with locks.locked(place.with_suffix(".lock"), what, wait, run) as descriptor:
        held = store.at(place, remote, target, (descriptor,))
        mend.mend(held)
        try:
            yield held
        finally:
            held.close()


@contextmanager
def for_reading(folder: Path, remote: Remote, target: str, *, wait: float, asks: bool = True) -> Iterator[Store]:
    """Yield the store of a repository for reading.

    If a run holds it for longer than `wait` seconds, it is a copy, whose `writer` is that run. What is heard there is
    lost: a reader that asks the remote waits for other readers instead, as long as one contact may take.
    """
    with ExitStack() as stack:
        try:
            there = stack.enter_context(opened(folder, remote, target, wait=wait))
        except Busy:
            found = _after_readers(stack, folder, remote, target) if asks else None
            there = found or stack.enter_context(_copied(folder, remote, target))
        yield there


def _after_readers(stack: ExitStack, folder: Path, remote: Remote, target: str) -> Store | None:
    """Open the store when other readers are done; return None if a run holds it, or a reader for too long."""
    lock = _place(folder, remote).with_suffix(".lock")
    until = time.monotonic() + remote.access.ask_limit
    while not locks.run_of(lock) and time.monotonic() < until and not waiting.interrupted.is_set():
        with suppress(Busy):
            return stack.enter_context(opened(folder, remote, target, wait=_TURN))
    return None


@contextmanager
def _copied(folder: Path, remote: Remote, target: str) -> Iterator[Store]:
    from rollout.store import looks, mend

    place = _place(folder, remote)
    lock = place.with_suffix(".lock")
    run = locks.run_of(lock)
    writer = AtWork(run, locks.has_ended(lock)) if run else None
    with looks.copied(place, folder) as copy:
        there = store.at(copy, remote, target, writer=writer)
        mend.mend(there)
        yield there
        heard.note_lost(there, unheld(folder, remote, target))


def unheld(folder: Path, remote: Remote, target: str) -> Store:
    """Return the store without holding it: good only for looking at what is remembered."""
    return store.at(_place(folder, remote), remote, target)


def _place(folder: Path, remote: Remote) -> Path:
    identity = addresses.identity(remote.url)
    return Path(f"{folder}/{_FOLDER}/{state_folder.slug(identity)}-{state_folder.key(identity)}")
