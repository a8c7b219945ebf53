"""Where units of work run: on threads of this process, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Event
from typing import Generic, Protocol, TypeVar

from msgspec import Struct, field

from rollout.work import processes, threads
from rollout.work.processes import LocalProcess, LocalProcesses
from rollout.work.threads import Lent, nothing

T = TypeVar("T")
R = TypeVar("R")


class Work(Struct, Generic[T, R], frozen=True):
    """A kind of unit of work: how to do it here and on another machine, and what to say when one is lost."""

    here: Callable[[T], R]
    elsewhere: Callable[[T], R]
    cached: Callable[[T], str | None]  # what a machine caches for it; None if only this machine can do it
    lost: Callable[[T, str, bool], R]  # the unit, why, and whether it may have been begun
    only_looks: bool = False  # so that one process may begin it and another finish it
    idle: Callable[[], None] = nothing  # what the reader does while it waits for the next result


class Executor(Protocol):
    """Do units of work and yield each with its result when it is done; about `expected` units will come.

    After `stop` no new ones are begun.
    """

    def run(
        self, work: Work[T, R], items: Iterable[T], stop: Event | None = None, expected: int = 0
    ) -> Iterator[tuple[T, R]]: ...

    def expect(self, work: Work[T, R], number: int) -> None:
        """Get ready for about `number` units, which will come soon."""


class Threads(Struct, frozen=True):
    """Threads of this process, and processes beside it for units that only look."""

    jobs: int
    processes: LocalProcesses = field(default_factory=LocalProcesses)

    def run(
        self, work: Work[T, R], items: Iterable[T], stop: Event | None = None, expected: int = 0
    ) -> Iterator[tuple[T, R]]:
        lent = Lent(self._processes_for(work, expected), expected)
        return threads.run(work.here, items, self.jobs, stop, lent, work.idle)

    def expect(self, work: Work[T, R], number: int) -> None:
        self._processes_for(work, number)

    def _processes_for(self, work: Work[T, R], number: int) -> Sequence[LocalProcess]:
        return self.processes.of(
            processes.affordable(self.jobs, number, processes.cores()) if work.only_looks else 0, work.here
        )

    def close(self) -> None:
        self.processes.close()
