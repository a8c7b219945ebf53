"""Copies of this process that compute beside it, for units of work that contact no host: Python computes on one core.

A copy has all that was read before it was made, and shares nothing that changes afterwards. What it cannot do, and what
it held when it was killed, is done here.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Generic, NoReturn, TypeVar

from rollout import git, hosts

T = TypeVar("T")
R = TypeVar("R")

_WORTH = 50  # units of work for each process, below which it is not worth the making
_MOST = 8  # processes
_POLL = 0.2  # seconds between two looks at whether a signal came


def affordable(jobs: int, expected: int) -> int:
    """Return how many copies are worth making for so many units, where so many may be worked on at once."""
    if sys.platform != "linux":
        return 0  # elsewhere the system's own libraries do not stand it
    return max(0, min(len(os.sched_getaffinity(0)), _MOST, jobs, expected // _WORTH) - 1)


@dataclass(frozen=True, slots=True)
class Fork(Generic[T, R]):
    """A copy of this process at work, and the pipes to and from it."""

    pid: int
    tasks: IO[bytes]
    answers: IO[bytes]

    def do(self, units: list[T]) -> list[R | None]:
        """Return what came of each unit: None for one that is to be done here."""
        try:
            pickle.dump(units, self.tasks, pickle.HIGHEST_PROTOCOL)
            self.tasks.flush()
            self._wait()
            found: list[R | None] = pickle.load(self.answers)  # noqa: S301  # of our own process
        except (OSError, EOFError, pickle.UnpicklingError):
            return [None] * len(units)
        return found

    def _wait(self) -> None:
        """Wait for the answer, and pass an interrupt on: not every signal that reaches us reaches the copy."""
        waiting = select.poll()
        waiting.register(self.answers, select.POLLIN)
        while not waiting.poll(_POLL * 1000):
            if git.interrupted.is_set():
                os.kill(self.pid, signal.SIGTERM)

    def end(self) -> None:
        with suppress(OSError):
            self.tasks.close()
        self.answers.close()
        os.waitpid(self.pid, 0)


@contextmanager
def made(work: Callable[[T], R], number: int) -> Iterator[list[Fork[T, R]]]:
    """Make copies that do this kind of work for as long as the block lasts: fewer where the system gives no more."""
    with ExitStack() as ending:
        forks: list[Fork[T, R]] = []
        with suppress(OSError):
            for _ in range(number):
                forks.append(_made(work, forks))
                ending.callback(forks[-1].end)
        yield forks


def _made(work: Callable[[T], R], others: Iterable[Fork[T, R]]) -> Fork[T, R]:
    their_tasks, tasks = os.pipe()
    answers, their_answers = os.pipe()
    ours = (os.fdopen(tasks, "wb"), os.fdopen(answers, "rb"))
    theirs = (os.fdopen(their_tasks, "rb"), os.fdopen(their_answers, "wb"))
    try:
        pid = os.fork()
    except OSError:
        for file in (*ours, *theirs):
            file.close()
        raise
    if pid == 0:
        # An end of a pipe that stayed open here would keep its reader from learning that we were killed.
        _serve(work, *theirs, [*ours, *(file for other in others for file in (other.tasks, other.answers))])
    for file in theirs:
        file.close()
    return Fork(pid, *ours)


def _serve(work: Callable[[T], R], tasks: IO[bytes], answers: IO[bytes], others: Iterable[IO[bytes]]) -> NoReturn:
    """Do what is asked until nobody asks any more, and end without a word to what is not ours."""
    try:
        for file in others:
            os.close(file.fileno())
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: git.interrupted.set())
        hosts.keep_away()
        gc.freeze()  # or every collection would write to all that is shared
        while True:
            units: list[T] = pickle.load(tasks)  # noqa: S301  # of our own process
            pickle.dump([_done(work, unit) for unit in units], answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
    finally:
        os._exit(0)


def _done(work: Callable[[T], R], unit: T) -> R | None:
    try:
        return work(unit)
    except BaseException:
        return None  # what is wrong shows where it is done again
