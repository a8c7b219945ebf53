"""Take git's own index.lock so that it names its owner from the first instant."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from rollout.machine import waiting
from rollout.machine.processes import boot_id, runs, started

_WAIT = 3.0  # seconds for a person's git command to finish
_POLL = 0.05

_held: dict[Path, Path] = {}  # token to lock: what a process must release even if it exits at once


class Held(Exception):
    """Somebody else holds the lock."""


class _Signature(Struct, frozen=True):
    """Which process made a lock or a token; older versions wrote fewer fields."""

    rollout: int  # the version of this form: 1
    pid: int = 0
    host: str = ""
    boot: str = ""
    start: str = ""  # when the process started, in the kernel's ticks
    pid_namespace: str | None = None
    locked: bool = False  # whether others see that the process holds the token's own lock


def _pid_namespace() -> str:
    """Return this process's pid namespace: a container has its own, under the same kernel."""
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid")
    return ""


@contextmanager
def index_lock(git_dir: Path, token: Path) -> Iterator[None]:
    """Hold `index.lock` for the block; raise Held if a person's git keeps it for longer than a moment.

    The lock appears by linking a signed token, with its owner's name already in it. So we can tell a lock that a killed
    run left behind from a person's, and we only ever remove our own.
    """
    lock = git_dir / "index.lock"
    _held[token] = lock
    try:
        _link(token, lock)
        yield
    finally:
        release(token, lock)
        _held.pop(token, None)


@contextmanager
def signed(scratch: Path) -> Iterator[Path]:
    """Mark a folder as ours while the block lasts; yield the file that says so.

    The file is locked while its process lives: the kernel keeps that right whatever the process's number, its
    container, or the host's name.
    """
    token = scratch / "token"
    descriptor = os.open(token, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        ours = _Signature(
            rollout=1,
            pid=os.getpid(),
            host=os.uname().nodename,
            boot=boot_id(),
            start=started(os.getpid()),
            pid_namespace=_pid_namespace(),
            locked=_lock_for_life(descriptor, token),
        )
        _say(descriptor, token, msgspec.json.encode(ours))
        yield token
    finally:
        os.close(descriptor)


def _say(descriptor: int, token: Path, words: bytes) -> None:
    """Write a token and sync it: nobody could tell whose lock it is if a power cut left it empty."""
    try:
        while words:
            words = words[os.write(descriptor, words) :]
        waiting.sync(descriptor)
    except OSError:
        token.unlink()
        raise


def _lock_for_life(descriptor: int, token: Path) -> bool:
    """Lock a token, and tell whether others can see that: some file systems do not support locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return _is_locked(token)


def _is_locked(token: Path) -> bool:
    try:
        descriptor = os.open(token, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def release_all() -> None:
    """Release every lock: this process ends before its blocks do."""
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
            waiting.sleep(_POLL)
        else:
            return


def release(token: Path, lock: Path) -> None:
    """Remove the lock if it is still the file we linked; try twice, because a lock that stays stops a person's git."""
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
    """Tell whether the lock is still the file we linked: somebody may have removed it by hand and taken their own."""
    try:
        return os.path.samestat(os.lstat(lock), os.lstat(token))
    except FileNotFoundError:
        return False


def clear_stale(lock: Path) -> bool:
    """Remove a lock that a dead run left; tell whether the way is free now."""
    if not os.path.lexists(lock):
        return True
    if not is_stale(lock):
        return False
    aside = lock.with_name(f"{lock.name}.rollout-{os.getpid()}")
    try:
        os.rename(lock, aside)
        # A person may have taken it between our look and the rename, and inode numbers are soon used again.
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
    """Tell whether a lock belongs to a dead run of ours."""
    said = _said(lock)
    return said is not None and not _lives(lock, said)


def clear_asides(lock: Path) -> None:
    """Finish the work of a run that was killed while it judged a lock: remove a dead run's lock, put any other back.

    That run may still be judging it at this moment. Both do the same, and each finds what the other has done.
    """
    for aside in lock.parent.glob(f"{lock.name}.rollout-*"):
        if not is_stale(aside):
            with suppress(FileExistsError, FileNotFoundError):
                os.link(aside, lock)
        with suppress(FileNotFoundError):
            os.unlink(aside)


def alive(scratch: Path) -> bool:
    """Tell whether the run that works in a scratch folder, `op-PID-...`, is still at work."""
    token = scratch / "token"
    said = _said(token)
    if said is not None:
        return _lives(token, said)
    return _is_locked(token) or runs(scratch.name.split("-")[1])


def _said(token: Path) -> _Signature | None:
    """Return the content of a lock or a token, if it is one of ours."""
    try:
        descriptor = os.open(token, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            said = msgspec.json.decode(file.read(4096), type=_Signature)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return said if said.rollout == 1 else None


def _lives(token: Path, said: _Signature) -> bool:
    """Tell whether the run that signed a token may still be at work; a run that we cannot judge counts as alive."""
    if _is_locked(token):
        return True
    boot, same_host = boot_id(), said.host == os.uname().nodename
    if not boot or said.boot != boot:
        return not same_host or (not boot and _is_at_work(said))
    if said.locked:
        return False  # under this kernel its file lock would still be held
    if said.pid_namespace not in {None, _pid_namespace()}:
        return True  # a process of another container: its number says nothing here
    return _is_at_work(said)


def _is_at_work(said: _Signature) -> bool:
    return said.pid > 0 and runs(str(said.pid)) and started(said.pid) == said.start
