"""Processes that an experiment starts: waited for, in a hurry, under another machine name."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time

HUNG = -99


def preloaded() -> bool:
    """Tell whether this process was started with the shim, so that its forks can be faulted."""
    return "shim.so" in os.environ.get("LD_PRELOAD", "")


def waited(pid: int, limit: float) -> int:
    """Return how a process ended; one that does not is ended, and said to hang."""
    deadline = time.monotonic() + limit
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return HUNG
        time.sleep(0.005)


def rename_machine() -> None:
    """Give this process a machine name of its own; only root may."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x04000000):
        raise OSError(ctypes.get_errno(), "unshare")
    socket.sethostname("another-name")


def hurry() -> None:
    """Let the program lose patience with a git of its own soon: one of minutes cannot be waited out."""
    from rollout.git.run import Git

    for function in (Git.run, Git.attempt):
        limits = function.__kwdefaults__ or {}
        assert limits.get("limit", 0) > 1, "the program's patience is elsewhere; mend the harness"
        limits["limit"] = 1.0
    for module, name, seconds in (("process", "_GRACE", 0.3), ("access", "_TRANSFERS", 0.05)):
        where = vars(sys.modules[f"rollout.git.{module}"])
        assert name in where, f"the program's patience {name} is elsewhere; mend the harness"
        where[name] = seconds
