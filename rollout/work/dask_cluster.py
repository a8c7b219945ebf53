"""Units of work on a Dask cluster: handed out a bounded number at a time, done again when their worker dies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event
from typing import Any

from msgspec import Struct

from rollout.errors import RolloutError, UsageError
from rollout.work.dask_units import Client, HandedOut, R, T
from rollout.work.executors import Work

_PATIENCE = 10.0  # seconds that a scheduler may take to answer, unless --timeout says less


class DaskCluster(Struct):
    """The workers of a scheduler, asked when there is work; what cannot travel is done on threads of this process."""

    scheduler: str
    jobs: int
    patience: float = _PATIENCE
    _client: Client | None = None

    def run(
        self, work: Work[T, R], items: Iterable[T], stop: Event | None = None, expected: int = 0
    ) -> Iterator[tuple[T, R]]:
        """Yield each item with its result as it is done, `jobs` of them at a time in the cluster and here together."""
        client = self._connected(stop)
        if client is None:
            return
        given = HandedOut(client, work, _hosts(client, self.scheduler))
        with ThreadPoolExecutor(max_workers=self.jobs, thread_name_prefix="rollout") as pool:

            def watch() -> None:
                given.give_up_when_told()
                work.idle()

            def submit(item: T) -> Future[R]:
                cached = work.cached(item)
                return pool.submit(work.here, item) if cached is None else given.submit(item, cached)

            try:
                yield from _stream(submit, items, self.jobs, stop, watch)
            finally:
                given.give_up("interrupted")

    def expect(self, work: Work[T, R], number: int) -> None:
        """Do nothing: the workers are running already."""

    def close(self) -> None:
        if self._client is not None:
            self._client.close(timeout=1)
            self._client = None

    def _connected(self, stop: Event | None) -> Client | None:
        """Return the client, made when it is first needed; None when `stop` came before the scheduler answered."""
        if self._client is None:
            answer: Future[Client] = Future()
            limit = min(self.patience, _PATIENCE)
            make = _client_type()
            threading.Thread(target=_connect, args=(make, self.scheduler, limit, answer), daemon=True).start()
            deadline = time.monotonic() + limit
            while not wait([answer], timeout=0.1).done:
                if stop is not None and stop.is_set():
                    return None
                if time.monotonic() > deadline:  # Dask's own limit does not work for a scheduler that does not answer
                    raise RolloutError(_unanswered(self.scheduler, f"did not answer within {limit:g} seconds"))
            self._client = answer.result()
        return self._client


def _connect(make: Any, scheduler: str, limit: float, answer: Future[Client]) -> None:
    try:
        answer.set_result(make(scheduler, timeout=limit, set_as_default=False, name="rollout"))
    except OSError:  # Dask tries again until the limit, even if the connection is refused
        answer.set_exception(RolloutError(_unanswered(scheduler, f"did not answer within {limit:g} seconds")))
    except Exception as error:
        answer.set_exception(RolloutError(_unanswered(scheduler, f"cannot be used ({error})")))


def _unanswered(scheduler: str, what: str) -> str:
    return f"the Dask scheduler at {scheduler} {what}; is it running, is the port right?"


def _client_type() -> Any:
    """Import Dask: it takes half a second, and only users who asked for it have it."""
    try:
        import distributed
    except ImportError as error:
        raise UsageError(f"--executor dask needs what comes with: pip install 'git-rollout[dask]' ({error})") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # whatever a person should know is in the outcomes
    return distributed.Client


def _hosts(client: Client, scheduler: str) -> tuple[str, ...]:
    """Return the machines that have workers; raise RolloutError if there is none."""
    try:
        workers = client.nthreads()
    except Exception as error:
        raise RolloutError(f"the Dask scheduler at {scheduler} is gone: {error}") from error
    if not workers:
        raise RolloutError(f"the Dask scheduler at {scheduler} has no workers; start some: dask worker {scheduler}")
    return tuple(sorted({name.partition("://")[2].rpartition(":")[0] for name in workers}))


def _stream(
    submit: Callable[[T], Future[R]],
    items: Iterable[T],
    most: int,
    stop: Event | None,
    watch: Callable[[], None],
) -> Iterator[tuple[T, R]]:
    """Yield (item, result) as they are done, never holding more than `most`; call `watch` now and then."""
    waiting = iter(items)
    running: dict[Future[R], T] = {}
    try:
        while True:
            if stop is None or not stop.is_set():
                for item in islice(waiting, most - len(running)):
                    running[submit(item)] = item
            if not running:
                return
            done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
            if stop is not None and stop.is_set():
                for future in [f for f in running if f.cancel()]:
                    running.pop(future)
            watch()
    finally:
        for future in running:
            future.cancel()
