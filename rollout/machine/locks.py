"""Locks that die with their process: flock on a file that names its holder."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rollout.errors import Busy, RolloutError
from rollout.machine import files, waiting
from rollout.machine.processes import alive, holders, our_start

_POLL = 0.05  # seconds between two tries
_ELSEWHERE = "choose a folder on a local disk: ROLLOUT_STATE_DIR=DIR"


@contextmanager
def locked(path: Path, what: str, wait: float = 0.0, run: str = "") -> Iterator[int]:
    """Hold the lock file for the block and yield its descriptor; raise Busy, naming the holder, after `wait` seconds.

    The file says `what` the holder does, and for which run, if any. Children that inherit the descriptor keep the lock,
    so we wait for an orphaned git process instead of racing it.
    """
    files.folder(path.parent)
    descriptor = _opened(path)
    try:
        _take(descriptor, path, what, time.monotonic() + wait)
        holder = {"pid": os.getpid(), "host": os.uname().nodename, "what": what, "run": run, "since": _now()}
        holder["start"] = our_start(os.getpid())
        text = json.dumps(holder).encode()
        # Truncating first would make some file systems write the new content to the disk at once.
        os.pwrite(descriptor, text, 0)
        if os.fstat(descriptor).st_size > len(text):
            os.ftruncate(descriptor, len(text))
        yield descriptor
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """Open a lock file, making it if missing; raise OSError that names what is in its place."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a file", str(path))
    except OSError as error:
        if error.errno not in {errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.EINVAL}:
            raise
        reason = f"{error.strerror}; rollout needs a lock file there: move it away"
        raise OSError(error.errno, reason, str(path)) from error


def _take(descriptor: int, path: Path, what: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy(
                    f"{what}: {holder(path, what)} is at work; wait for it, or add --lock-timeout SECONDS"
                ) from None
            if waiting.interrupted.is_set():
                raise Busy(f"{what}: interrupted while waiting for {holder(path, what)}") from None
            waiting.sleep(_POLL)
        except OSError as error:
            raise OSError(error.errno, f"{error.strerror}; {_ELSEWHERE}", str(path)) from error
        else:
            return


def prove(path: Path) -> None:
    """Raise RolloutError if a lock that we hold can be taken again: some network file systems do not support locks."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)
    raise RolloutError.at(path, "this file system does not support locks", _ELSEWHERE)


def name_run(path: Path, run: str) -> None:
    """Say in the file of a lock that we hold for which run it is; others can then name the run."""
    with suppress(OSError, ValueError), open(_opened(path), "r+b", buffering=0) as file:
        said = json.loads(file.read())
        os.pwrite(file.fileno(), json.dumps(said | {"run": run}).encode(), 0)  # it only grows


def holder(path: Path, what: str = "") -> str:
    """Name who holds a lock, as far as its file tells; that it is for `what` is known."""
    try:
        said = json.loads(files.read(path))
        pid, host, run = int(said["pid"]), str(said["host"]), str(said.get("run", ""))
        since, doing = str(said["since"]), str(said["what"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
    if _still_runs(said) is not False:
        more = "" if doing in {what, f"run {run}"} else f"{doing}, "
        return (
            f"run {run} (pid {pid} on {host}, {more}since {since})"
            if run
            else f"pid {pid} on {host} ({more}since {since})"
        )
    left = ", ".join(holders(path)) or "a process"
    return f"{left}, started by pid {pid}, which ended, on {host} ({doing}, since {since})"


def run_of(path: Path) -> str:
    """Return the run for which a lock is held, as far as its file tells; "" for none."""
    try:
        return str(json.loads(files.read(path))["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def at_work_since(path: Path) -> str | None:
    """Return when a process of this machine that still runs took a lock, as its file tells; None if none does."""
    try:
        said = json.loads(path.read_text())
        return str(said["since"]) if _still_runs(said) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def has_ended(path: Path) -> bool:
    """Tell whether the process of this machine that took a lock has ended, as its file tells.

    What it started may hold the lock yet.
    """
    try:
        return _still_runs(json.loads(files.read(path))) is False
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _still_runs(said: dict[str, Any]) -> bool | None:
    """Tell whether the process that took a lock still runs; None if it is another machine's."""
    if said["host"] != os.uname().nodename:
        return None
    return alive(int(said["pid"]), str(said.get("start", "")))
