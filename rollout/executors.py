"""Where units of work run: on threads of this process, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run(work: Callable[[T], R], items: Iterable[T], jobs: int, stop: Event | None = None) -> Iterator[tuple[T, R]]:
    """Yield (item, result) as they are done, never holding more than a few items; `stop` starts no new ones."""
    waiting = iter(items)
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="rollout") as pool:
        running: dict[Future[R], T] = {}
        try:
            while True:
                if stop is None or not stop.is_set():
                    for item in islice(waiting, 2 * jobs - len(running)):
                        running[pool.submit(work, item)] = item
                if not running:
                    return
                done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
                if stop is not None and stop.is_set():
                    for future in [f for f in running if f.cancel()]:
                        running.pop(future)
        finally:
            for future in running:
                future.cancel()
