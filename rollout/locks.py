"""Locks that die with their process: flock on a file that names its holder."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from rollout import git, places, turns
from rollout.errors import Busy, RolloutError

_POLL = 0.05  # seconds between two tries
_ELSEWHERE = "name a folder on a disk of this machine: ROLLOUT_STATE_DIR=DIR"


@contextmanager
def locked(path: Path, what: str, wait: float = 0.0) -> Iterator[int]:
    """Hold the lock file for the block and yield its descriptor; raise Busy, naming the holder, after `wait` seconds.

    Children that inherit the descriptor keep the lock, so an orphaned git process is waited for and not raced.
    """
    places.folder(path.parent)
    descriptor = _opened(path)
    try:
        _take(descriptor, path, what, time.monotonic() + wait)
        holder = {"pid": os.getpid(), "host": os.uname().nodename, "what": what, "since": _now()}
        holder["start"] = _our_start(os.getpid())
        text = json.dumps(holder).encode()
        # Truncating to nothing first would make some file systems write the new content to the disk at once.
        os.pwrite(descriptor, text, 0)
        if os.fstat(descriptor).st_size > len(text):
            os.ftruncate(descriptor, len(text))
        yield descriptor
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """Open a lock file, made when missing; raise OSError that names what stands in its place."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a file", str(path))
    except OSError as error:
        if error.errno not in {errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.EINVAL}:
            raise
        reason = f"{error.strerror}; a lock should be there: move it away"
        raise OSError(error.errno, reason, str(path)) from error


def _take(descriptor: int, path: Path, what: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy(f"{what}: {holder(path)} is at work; wait for it, or give --lock-timeout SECONDS") from None
            if git.interrupted.is_set():
                raise Busy(f"{what}: interrupted while {holder(path)} was waited for") from None
            turns.sleep(_POLL)
        except OSError as error:
            raise OSError(error.errno, f"{error.strerror}; {_ELSEWHERE}", str(path)) from error
        else:
            return


def prove(path: Path) -> None:
    """Raise RolloutError where a lock that is held can be taken again: some network file systems keep none."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)
    raise RolloutError(f"{path}: the file system keeps no locks; {_ELSEWHERE}")


def holder(path: Path) -> str:
    """Name who holds a lock, as far as its file tells."""
    try:
        said = json.loads(places.read(path))
        pid, host = int(said["pid"]), str(said["host"])
        since, doing = str(said["since"]), str(said["what"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
    if host != os.uname().nodename or _alive(pid, str(said.get("start", ""))):
        return f"pid {pid} on {host} ({doing}, since {since})"
    left = ", ".join(_holders(path)) or "a process"
    return f"{left}, started by pid {pid}, which ended, on {host} ({doing}, since {since})"


def doing(path: Path) -> str:
    """Say what the holder of a lock does, as far as its file tells."""
    try:
        return str(json.loads(places.read(path))["what"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _holders(path: Path) -> Iterator[str]:
    """Name the processes that have the lock file open, as far as /proc shows them."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            held = any(os.readlink(entry) == str(path) for entry in (folder / "fd").iterdir())
            name = (folder / "comm").read_text().strip()
        except OSError:
            continue
        if held and int(folder.name) != os.getpid():
            yield f"{name} (pid {folder.name})"


def _alive(pid: int, start: str) -> bool:
    """Tell whether the process that wrote its name still runs, and no other has its number by now."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _started(pid) == start


def _started(pid: int) -> str:
    """Return when a process started, in the kernel's ticks; "" where that cannot be seen, and for a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


@lru_cache(maxsize=1)
def _our_start(own: int) -> str:
    return _started(own)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def at_work_since(path: Path) -> str | None:
    """Return when a process of this machine that still runs took a lock, as its file tells; None if none does."""
    try:
        said = json.loads(path.read_text())
        here = said["host"] == os.uname().nodename and _alive(int(said["pid"]), str(said.get("start", "")))
        return str(said["since"]) if here else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
