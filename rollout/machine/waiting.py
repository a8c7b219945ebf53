"""Let one thread compute at a time, until it waits for something.

Python runs one thread at a time in any case, but switches at every system call: threads that look at files would take
the interpreter from each other thousands of times a second, and use twice as much processor time for the same work.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, local

# Set when a run must end now: we end every git process, and the next run finds out what happened.
interrupted = Event()


_STUCK = 0.1  # seconds to wait for a thread whose file system does not answer


_turn = Lock()

_mine = local()


@contextmanager
def working() -> Iterator[None]:
    """Run the block once it is this thread's turn."""
    _mine.held = _turn.acquire(timeout=_STUCK)
    try:
        yield
    finally:
        _give_up()
        del _mine.held


@contextmanager
def waiting() -> Iterator[None]:
    """Let other threads compute while this one waits inside the block."""
    if not hasattr(_mine, "held"):
        yield
        return
    _give_up()
    try:
        yield
    finally:
        _mine.held = _turn.acquire(timeout=_STUCK)


def _give_up() -> None:
    if _mine.held:
        _mine.held = False
        _turn.release()


def sleep(seconds: float) -> None:
    with waiting():
        time.sleep(seconds)


def pause(seconds: float, attempt: int) -> float:
    """Return how long to wait before the next try: twice as long each time, with random jitter."""
    import random

    return seconds * (1 << attempt) * (1 + random.random())  # noqa: S311  # no secret


def sync(descriptor: int) -> None:
    """Sync a file or folder to the disk."""
    with waiting():
        os.fsync(descriptor)


def sync_all(descriptor: int) -> None:
    """Sync a whole file system to the disk."""
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    with waiting():
        if call is None:
            os.sync()
        elif call(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
