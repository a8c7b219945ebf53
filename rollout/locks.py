"""Locks that die with their process: flock on a file that names its holder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollout.errors import Busy

_POLL = 0.05  # seconds between two tries


@contextmanager
def locked(path: Path, what: str, wait: float = 0.0) -> Iterator[int]:
    """Hold the lock file for the block and yield its descriptor; raise Busy, naming the holder, after `wait` seconds.

    Children that inherit the descriptor keep the lock, so an orphaned git process is waited for and not raced.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _take(descriptor, path, what, time.monotonic() + wait)
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "what": what, "since": _now()}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, what: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy(f"{what}: {holder(path)} is at work; wait for it, or give --lock-timeout SECONDS") from None
            time.sleep(_POLL)
        else:
            return


def holder(path: Path) -> str:
    """Name who holds a lock, as far as its file tells."""
    try:
        said = json.loads(path.read_text())
        pid, host = int(said["pid"]), str(said["host"])
        since, doing = str(said["since"]), str(said["what"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
    gone = host == socket.gethostname() and not _alive(pid)
    left = " (ended; a git process it started is still running)" if gone else ""
    return f"pid {pid} on {host} ({doing}, since {since}){left}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
