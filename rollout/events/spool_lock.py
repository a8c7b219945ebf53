"""The lock of a spool, which saves work and keeps nothing right: one deliverer at a time, for as long as it lives."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rollout.events.spool import bytes_of

LOCK_SECONDS = 30.0


@contextmanager
def courtesy_lock(folder: Path, patience: float = LOCK_SECONDS) -> Iterator[None]:
    """Let one deliverer work at a time; do not wait for one that was killed or takes too long."""
    lock, limit = folder / "lock", time.monotonic() + patience
    until = time.time_ns() // 1000 + int(patience * 1_000_000)
    while folder.is_dir() and not _take(lock, until) and time.monotonic() < limit and _is_held(lock):
        time.sleep(0.02)
    try:
        yield
    finally:
        if _holder(lock) in (None, os.getpid()):
            lock.unlink(missing_ok=True)


def _take(lock: Path, until: int) -> bool:
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{os.getpid()} {until}\n")
    return True


def _is_held(lock: Path) -> bool:
    holder = _holder(lock)
    if holder is None:
        return _is_new(lock)
    try:
        os.kill(holder, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _until(lock) + 1_000_000 > time.time_ns() // 1000


def _is_new(lock: Path) -> bool:
    """Tell whether a lock that nobody has signed was made this moment; its holder may let go while we look."""
    with suppress(FileNotFoundError):
        return time.time() - lock.stat().st_mtime < 1
    return False


def _holder(lock: Path) -> int | None:
    words = bytes_of(lock).split()
    return int(words[0]) if words and words[0].isdigit() else None


def _until(lock: Path) -> int:
    words = bytes_of(lock).split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
