"""Processes that compute beside this one, for units of work that contact no host: Python computes on one core.

They are started as programs and not forked: no lock, no connection and no ledger of ours is open in them. What they
cannot do, and what they held when they were killed, is done here.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from msgspec import Struct, field

from rollout.machine import waiting

T = TypeVar("T")
R = TypeVar("R")


_WORTH = 150  # fewer units than this for each process are not worth its start of a third of a second
_MOST = 8  # processes
_POLL = 0.2  # seconds between two checks for a signal


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def affordable(jobs: int, expected: int, usable: int) -> int:
    """Return how many processes are worth their start for `expected` units; `usable` of these may run at once."""
    return max(0, min(usable, _MOST, jobs, expected // _WORTH) - 1)


class LocalProcess(Struct):
    """A process at work beside this one."""

    process: subprocess.Popen[bytes]
    _asked: bool = False

    def do(self, work: Callable[[T], R], units: list[T]) -> list[R | None]:
        """Return the result of each unit; None for one that must be done here."""
        import pickle

        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._asked = True
        try:
            pickle.dump((work, units), self.process.stdin, pickle.HIGHEST_PROTOCOL)
            self.process.stdin.flush()
            self._wait()
            found: list[R | None] = pickle.load(self.process.stdout)  # noqa: S301  # of our own process
        except (OSError, EOFError, pickle.UnpicklingError):
            return [None] * len(units)
        return found

    def _wait(self) -> None:
        """Wait for the answer, and pass an interrupt on: not every signal that reaches us reaches it."""
        assert self.process.stdout is not None
        poller = select.poll()
        poller.register(self.process.stdout, select.POLLIN)
        while not poller.poll(_POLL * 1000):
            if waiting.interrupted.is_set():
                self.process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Let it end when it has done its work; at once if it has none."""
        if not self._asked:
            self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self.process.wait()


class LocalProcesses(Struct):
    """The other processes of one command, started when there is work for them or soon will be."""

    _started: list[LocalProcess] = field(default_factory=list)

    def of(self, number: int, work: Callable[[T], R] | None = None) -> Sequence[LocalProcess]:
        """Start this many processes, or as many as the system allows; they get ready for a kind of work."""
        with suppress(OSError):
            while len(self._started) < number:
                self._started.append(_started("" if work is None else work.__module__))
        return self._started[:number]

    def close(self) -> None:
        while self._started:
            self._started.pop().end()


def _started(module: str) -> LocalProcess:
    # -P: no module is imported from the folder it runs in.
    # utf8: names of files are UTF-8 in every locale.
    command = [sys.executable, "-P", "-X", "utf8", "-m", "rollout.work.process_main", *([module] if module else [])]
    # Ctrl-C is blocked until it has started: its parent says when to stop, and it would end with a traceback.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        return LocalProcess(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
