"""Where units of work run: on threads of this process, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Generic, Protocol, TypeVar

from rollout import threads

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Work(Generic[T, R]):
    """A kind of unit of work: how it is done here, how on another machine, and what is said when that was lost."""

    here: Callable[[T], R]
    elsewhere: Callable[[T], R]
    cached: Callable[[T], str | None]  # what a machine keeps a cache of for it; None when only this one can do it
    lost: Callable[[T, str, bool], R]  # the unit, why, and whether it may have been begun


class Executor(Protocol):
    """Does units of work and yields each with its result as it is done; `stop` begins no new ones."""

    def run(self, work: Work[T, R], items: Iterable[T], stop: Event | None = None) -> Iterator[tuple[T, R]]: ...


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of this process."""

    jobs: int

    def run(self, work: Work[T, R], items: Iterable[T], stop: Event | None = None) -> Iterator[tuple[T, R]]:
        return threads.run(work.here, items, self.jobs, stop)
