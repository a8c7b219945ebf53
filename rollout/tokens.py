"""Take git's own index.lock in a way that shows from the first instant whose it is."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_WAIT = 3.0  # seconds for a person's git command to finish
_POLL = 0.05


class Held(Exception):
    """Somebody else holds the lock."""


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _started(pid: int) -> str:
    """Return when a process started, in the kernel's ticks, so that a reused pid is not taken for it."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


@contextmanager
def index_lock(git_dir: Path, scratch: Path) -> Iterator[None]:
    """Hold `index.lock` for the block; raise Held when a person's git keeps it for longer than a moment.

    The lock appears with its owner's name in it, by linking a finished file: a lock of ours that a kill left behind
    can be told from a person's, and only ours is ever removed.
    """
    lock = git_dir / "index.lock"
    token = scratch / "token"
    ours = {
        "rollout": 1,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "boot": _boot(),
        "start": _started(os.getpid()),
    }
    token.write_text(json.dumps(ours))
    _link(token, lock)
    try:
        yield
    finally:
        release(token, lock)


def _link(token: Path, lock: Path) -> None:
    deadline = time.monotonic() + _WAIT
    while True:
        try:
            os.link(token, lock)
        except FileExistsError:
            if clear_stale(lock):
                continue
            if time.monotonic() >= deadline:
                raise Held(f"busy: {lock} exists") from None
            time.sleep(_POLL)
        else:
            return


def release(token: Path, lock: Path) -> None:
    """Remove the lock if it is still the file we linked."""
    with suppress(FileNotFoundError):
        if os.path.samestat(os.lstat(lock), os.lstat(token)):
            os.unlink(lock)


def clear_stale(lock: Path) -> bool:
    """Remove a lock that a dead run of ours left; tell whether there is none any more."""
    try:
        seen = os.lstat(lock)
        said: Any = json.loads(lock.read_bytes()[:4096])
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    if not isinstance(said, dict) or said.get("rollout") != 1 or _lives(said):
        return False
    aside = lock.with_name(f"index.lock.rollout-{os.getpid()}")
    try:
        os.rename(lock, aside)
        if not os.path.samestat(os.lstat(aside), seen):  # it became somebody's between our look and the rename
            with suppress(FileExistsError):
                os.link(aside, lock)
            os.unlink(aside)
            return False
        os.unlink(aside)
    except FileNotFoundError:
        return True
    return True


def alive(token: Path) -> bool:
    """Tell whether the run that wrote a token is still at work."""
    try:
        said = json.loads(token.read_bytes()[:4096])
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and _lives(said)


def _lives(said: dict[str, Any]) -> bool:
    if said.get("host") != socket.gethostname():
        return True  # another machine's: not ours to judge
    if said.get("boot") != _boot():
        return False
    try:
        pid = int(said["pid"])
        os.kill(pid, 0)
    except (KeyError, TypeError, ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return _started(pid) == said.get("start")
