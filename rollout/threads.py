"""Work done on threads that each take the next unit when they are free: no queue, no future, nothing held.

They compute one at a time (`turns`), so units that wait for nothing are done by one thread: to hand the turn over costs
time, too. As soon as a unit turns out to wait, there are as many threads as may be.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from rollout import turns

T = TypeVar("T")
R = TypeVar("R")

_POLL = 0.2  # seconds between two looks at whether a signal came
_WAITS = 0.02  # seconds after which a unit is taken to wait for something
_FILES = 12  # that one unit of work has open at most: pipes to and from two git processes, locks, a folder or two
_OWN_FILES = 40  # that this process has open besides, with what its libraries open in passing


def affordable(jobs: int) -> int:
    """Return how many of so many units can be worked on at once with the files that may be open; ask for more first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OWN_FILES + _FILES * jobs
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, min(jobs, (soft - _OWN_FILES) // _FILES))
    return jobs


@dataclass(slots=True)
class _Shared(Generic[T, R]):
    """What the threads have in common: the units that are left, and what came of those that were taken."""

    work: Callable[[T], R]
    items: Iterator[T]
    stop: Event | None
    lock: Lock = field(default_factory=Lock)
    over: Event = field(default_factory=Event)
    waits: bool = False  # a unit took so long that it must have waited
    done: SimpleQueue[tuple[T, R] | BaseException | None] = field(default_factory=SimpleQueue)

    def take(self) -> T | None:
        """Return the next unit, or None when there is none or none is to be begun any more."""
        with self.lock:
            if self.over.is_set() or (self.stop is not None and self.stop.is_set()):
                return None
            return next(self.items, None)

    def run(self) -> None:
        """Work until nothing is left; what goes wrong is raised again where the results are read."""
        try:
            while (item := self.take()) is not None:
                begun = time.monotonic()
                with turns.working():
                    result = self.work(item)
                self.waits = self.waits or time.monotonic() - begun > _WAITS
                self.done.put((item, result))
        except BaseException as error:
            self.over.set()
            self.done.put(error)
        self.done.put(None)


def run(work: Callable[[T], R], items: Iterable[T], jobs: int, stop: Event | None = None) -> Iterator[tuple[T, R]]:
    """Yield (item, result) as they are done; after `stop` none is begun any more."""
    shared = _Shared(work, iter(items), stop)
    threads: list[Thread] = []

    def start(number: int) -> int:
        made = [Thread(target=shared.run, name=f"rollout-{len(threads) + n}") for n in range(number)]
        threads.extend(made)
        for thread in made:
            thread.start()
        return number

    try:
        left = start(1)
        while left:
            if shared.waits:
                left += start(jobs - len(threads))
            try:
                found = shared.done.get(timeout=_WAITS if len(threads) < jobs else _POLL)
            except Empty:
                shared.waits = True
                continue
            if found is None:
                left -= 1
            elif isinstance(found, BaseException):
                raise found
            else:
                yield found
    finally:
        shared.over.set()
        for thread in threads:
            thread.join()
