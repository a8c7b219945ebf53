"""Work done on threads that each take the next unit when they are free: no queue, no future, nothing held.

They compute one at a time (`machine/waiting`), so one thread does all units that never wait: handing over costs time,
too. As soon as a unit waits, further threads start, up to the limit. Units that need nothing of this process may be
lent to processes beside it (`work/processes`).
"""

from __future__ import annotations

import resource
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Condition, Event, Thread
from typing import Generic, TypeVar

from msgspec import Struct, field

from rollout.machine import waiting
from rollout.work import lots
from rollout.work.processes import LocalProcess

T = TypeVar("T")
R = TypeVar("R")


_POLL = 0.2  # seconds between two checks for a signal
_WAITS = 0.02  # seconds after which a unit counts as waiting for something
_TOLD = 0.01  # seconds between two notifications of results: the thread that wakes up takes the turn to compute
_FILES = 12  # open files of one unit at most: pipes to and from two git processes, locks, a folder or two
_OWN_FILES = 40  # open files of this process besides, including those its libraries open briefly


def affordable(jobs: int) -> int:
    """Raise the limit on open files, and return how many of `jobs` units can then run at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OWN_FILES + _FILES * jobs
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, min(jobs, (soft - _OWN_FILES) // _FILES))
    return jobs


class Lent(Struct, frozen=True):
    """The processes that work as well, where that needs nothing of this one; about `expected` units will come."""

    processes: Sequence[LocalProcess] = ()
    expected: int = 0


def nothing() -> None:
    """Do nothing."""


class _Shared(Struct, Generic[T, R]):
    """What the threads share: the units that are left, and the results of those that were taken."""

    work: Callable[[T], R]
    items: Iterator[T]
    stop: Event | None
    processes: int = 1
    expected: int = 0  # units
    begun: int = 0  # units
    changed: Condition = field(default_factory=Condition)
    over: Event = field(default_factory=Event)
    waits: bool = False  # a unit took so long that it must have waited
    lent: int = 0  # units that another process has
    back: deque[T] = field(default_factory=deque)  # units that another process has not done
    done: deque[tuple[T, R]] = field(default_factory=deque)
    news: SimpleQueue[BaseException | bool] = field(default_factory=SimpleQueue)  # something is done, or a thread is

    @property
    def _ends(self) -> bool:
        return self.over.is_set() or (self.stop is not None and self.stop.is_set())

    def take(self) -> T | None:
        """Return the next unit; None if there is none, or if no more may begin."""
        with self.changed:
            while not self._ends:
                item = self.back.popleft() if self.back else next(self.items, None)
                if item is not None or not self.lent:
                    self.begun += 1
                    return item
                self.changed.wait(_POLL)
        return None

    def run(self, other: LocalProcess | None = None) -> None:
        """Work until nothing is left, first through another process for as long as it does anything.

        Errors are raised again where the results are read.
        """
        try:
            if other is not None:
                self._lend(other)
            self._work_here()
        except BaseException as error:
            self.over.set()
            self.news.put(error)
        self.news.put(False)

    def news_within(self, seconds: float) -> BaseException | bool:
        """Return the next news: an error, False if a thread has ended, True otherwise, also if none came in time."""
        try:
            return self.news.get(timeout=seconds)
        except Empty:
            self.waits = self.waits or not self.done
            return True

    def _work_here(self) -> None:
        """Work in this thread until nothing is left; tell the reader from time to time that something is done."""
        told = 0.0
        while (item := self.take()) is not None:
            begun = time.monotonic()
            with waiting.working():
                self.done.append((item, self.work(item)))
            ended = time.monotonic()
            self.waits = self.waits or ended - begun > _WAITS
            if ended - told > _TOLD:
                self.news.put(True)
                told = ended

    def _lend(self, other: LocalProcess) -> None:
        """Let another process work for as long as it does anything."""
        size = lots.FIRST
        while units := self._lot(size):
            begun = time.monotonic()
            if not self._lent(other, units):
                return
            size = lots.after(len(units), time.monotonic() - begun)

    def _lent(self, other: LocalProcess, units: list[T]) -> bool:
        """Let another process work on these units; tell whether it has done any."""
        found = list(zip(units, other.do(self.work, units), strict=True))
        left = [unit for unit, result in found if result is None]
        self.done.extend((unit, result) for unit, result in found if result is not None)
        self.news.put(True)
        with self.changed:
            self.lent -= len(units)
            self.back.extend(left)
            self.changed.notify_all()
        return len(left) < len(units)

    def _lot(self, size: int) -> list[T]:
        with self.changed:
            number = lots.shortened(size, self.expected - self.begun, self.processes)
            units = [] if self._ends else list(islice(self.items, number))
            self.begun += len(units)
            self.lent += len(units)
            return units


_NOTHING_LENT = Lent()


def run(
    work: Callable[[T], R],
    items: Iterable[T],
    jobs: int,
    stop: Event | None = None,
    lent: Lent = _NOTHING_LENT,
    idle: Callable[[], None] = nothing,
) -> Iterator[tuple[T, R]]:
    """Yield (item, result) as they are done, a fifth of a second later at most; after `stop` none is begun any more.

    `idle` is called whenever no further result is there, at least each fifth of a second.
    """
    processes = lent.processes
    shared = _Shared(work, iter(items), stop, 1 + len(processes), lent.expected)
    threads: list[Thread] = []
    most = max(jobs, 1 + len(processes))

    def start(*targets: Callable[[], None]) -> int:
        made = [Thread(target=target, name=f"rollout-{len(threads) + n}") for n, target in enumerate(targets)]
        threads.extend(made)
        for thread in made:
            thread.start()
        return len(made)

    try:
        left = start(shared.run, *(partial(shared.run, other) for other in processes))
        while left:
            if shared.waits:
                left += start(*[shared.run] * (most - len(threads)))
            news = shared.news_within(_WAITS if len(threads) < most else _POLL)
            while shared.done:
                yield shared.done.popleft()
            idle()
            if isinstance(news, BaseException):
                raise news
            left -= not news
    finally:
        shared.over.set()
        for thread in threads:
            thread.join()
