"""Take git's own index.lock in a way that shows from the first instant whose it is."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rollout import turns

_WAIT = 3.0  # seconds for a person's git command to finish
_POLL = 0.05
_held: dict[Path, Path] = {}  # token to lock: what a process that ends at once must still let go of


class Held(Exception):
    """Somebody else holds the lock."""


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _started(pid: int) -> str:
    """Return when a process started, in the kernel's ticks, so that a reused pid is not taken for it."""
    with suppress(OSError, IndexError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if words[0] == "Z" else words[19]  # a zombie has ended; only its parent does not know yet
    return ""


@contextmanager
def index_lock(git_dir: Path, scratch: Path) -> Iterator[None]:
    """Hold `index.lock` for the block; raise Held when a person's git keeps it for longer than a moment.

    The lock appears with its owner's name in it, by linking a finished file: a lock of ours that a kill left behind
    can be told from a person's, and only ours is ever removed.
    """
    lock = git_dir / "index.lock"
    token = sign(scratch)
    _held[token] = lock
    try:
        _link(token, lock)
        yield
    finally:
        release(token, lock)
        _held.pop(token, None)


def sign(scratch: Path) -> Path:
    """Leave word in a folder of whose it is; return the file that says so."""
    token = scratch / "token"
    ours = {
        "rollout": 1,
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "boot": _boot(),
        "start": _started(os.getpid()),
    }
    if not token.exists():
        with token.open("w") as file:
            file.write(json.dumps(ours))
            file.flush()
            turns.sync(file.fileno())  # a lock that a power cut leaves without a word in it would be nobody's for ever
    return token


def release_all() -> None:
    """Let go of every lock at once: this process ends before its blocks do."""
    for token, lock in list(_held.items()):
        with suppress(OSError):
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
            turns.sleep(_POLL)
        else:
            return


def release(token: Path, lock: Path) -> None:
    """Remove the lock if it is still the file we linked; try twice, for a lock that stays stops a person's git."""
    for last in (False, True):
        try:
            if is_ours(token, lock):
                os.unlink(lock)
        except OSError:
            if last:
                raise
        else:
            return


def is_ours(token: Path, lock: Path) -> bool:
    """Tell whether the lock is still the file we linked: somebody may have removed it by hand, and taken it."""
    try:
        return os.path.samestat(os.lstat(lock), os.lstat(token))
    except FileNotFoundError:
        return False


def clear_stale(lock: Path) -> bool:
    """Remove a lock that a dead run of ours left; tell whether there is none any more."""
    if not os.path.lexists(lock):
        return True
    if not is_stale(lock):
        return False
    aside = lock.with_name(f"{lock.name}.rollout-{os.getpid()}")
    try:
        os.rename(lock, aside)
        # It may have become somebody's between our look and the rename, and an inode's number is soon given again.
        if not is_stale(aside):
            with suppress(FileExistsError):
                os.link(aside, lock)
            os.unlink(aside)
            return False
        os.unlink(aside)
    except FileNotFoundError:
        return True
    return True


def is_stale(lock: Path) -> bool:
    """Tell whether a lock is one of ours, and its run is dead."""
    said = _said(lock)
    return said is not None and not _lives(said)


def clear_asides(lock: Path) -> None:
    """Finish what a run began that was killed while it judged a lock: a person's goes back, ours goes away."""
    for aside in lock.parent.glob(f"{lock.name}.rollout-*"):
        if not runs(aside.name.rpartition("-")[2]):
            if _said(aside) is None:
                with suppress(FileExistsError):
                    os.link(aside, lock)
            with suppress(FileNotFoundError):
                os.unlink(aside)


def alive(scratch: Path) -> bool:
    """Tell whether the run that works in a scratch folder, `op-PID-...`, is still at work."""
    said = _said(scratch / "token")
    if said is not None:
        return _lives(said)
    return runs(scratch.name.split("-")[1])


def _said(token: Path) -> dict[str, Any] | None:
    """Return what a lock or a token says, if it is one of ours."""
    try:
        descriptor = os.open(token, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            said = json.loads(file.read(4096))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) and said.get("rollout") == 1 else None


def runs(pid: str) -> bool:
    """Tell whether a process with that number runs on this machine."""
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _lives(said: dict[str, Any]) -> bool:
    if said.get("host") != os.uname().nodename:
        return True  # another machine's: not ours to judge
    if said.get("boot") != _boot():
        return False
    pid = said.get("pid")
    return isinstance(pid, int) and runs(str(pid)) and _started(pid) == said.get("start")
