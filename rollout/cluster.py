"""Units of work on a Dask cluster: handed out a bounded number at a time, done again when their worker dies."""

from __future__ import annotations

import hashlib
import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, InvalidStateError, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import islice
from threading import Event
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from rollout import __version__, git
from rollout.errors import RolloutError, UsageError
from rollout.executors import Work

Client = Any  # half of Dask's interface has no annotations

T = TypeVar("T")
R = TypeVar("R")

_PATIENCE = 10.0  # seconds that a scheduler may take to answer, where --timeout says no less


class Cluster(Struct):
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
        given = _Given(client, work, _hosts(client, self.scheduler))
        with ThreadPoolExecutor(max_workers=self.jobs, thread_name_prefix="rollout") as pool:

            def submit(item: T) -> Future[R]:
                cached = work.cached(item)
                return pool.submit(work.here, item) if cached is None else given.submit(item, cached)

            try:
                yield from _stream(submit, items, self.jobs, stop, given.give_up_when_told)
            finally:
                given.give_up("interrupted")

    def expect(self, work: Work[T, R], number: int) -> None:
        """Nothing is to be got ready: its workers run."""

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
                if time.monotonic() > deadline:  # Dask's own limit does not hold for a scheduler that says nothing
                    raise RolloutError(_unanswered(self.scheduler, f"did not answer within {limit:g} seconds"))
            self._client = answer.result()
        return self._client


def _connect(make: Any, scheduler: str, limit: float, answer: Future[Client]) -> None:
    try:
        answer.set_result(make(scheduler, timeout=limit, set_as_default=False, name="rollout"))
    except OSError:  # Dask tries again until the limit, also where the connection is refused
        answer.set_exception(RolloutError(_unanswered(scheduler, f"did not answer within {limit:g} seconds")))
    except Exception as error:
        answer.set_exception(RolloutError(_unanswered(scheduler, f"cannot be used ({error})")))


def _unanswered(scheduler: str, what: str) -> str:
    return f"the Dask scheduler at {scheduler} {what}; is it running, is the port right?"


def _client_type() -> Any:
    """Import Dask, which takes half a second and which only those have who asked for it."""
    try:
        import distributed
    except ImportError as error:
        raise UsageError(f"--executor dask needs what comes with: pip install 'git-rollout[dask]' ({error})") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what a person should know comes as an outcome
    return distributed.Client


def _hosts(client: Client, scheduler: str) -> tuple[str, ...]:
    """Return the machines that have workers; raise RolloutError where there is none."""
    try:
        workers = client.nthreads()
    except Exception as error:
        raise RolloutError(f"the Dask scheduler at {scheduler} is gone: {error}") from error
    if not workers:
        raise RolloutError(f"the Dask scheduler at {scheduler} has no workers; start some: dask worker {scheduler}")
    return tuple(sorted({name.partition("://")[2].rpartition(":")[0] for name in workers}))


class _Given(Struct, Generic[T, R]):
    """What was handed out and has not come back."""

    client: Client
    work: Work[T, R]
    hosts: tuple[str, ...]
    out: dict[Future[R], tuple[T, Any]] = field(default_factory=dict)

    def submit(self, item: T, cached: str) -> Future[R]:
        """Hand one unit out. Dask would run equal pure calls once, and an effect is not pure."""
        answer: Future[R] = Future()
        answer.set_running_or_notify_cancel()
        unit = pickle.dumps((__version__, self.work.elsewhere, item))
        try:
            remote = self.client.submit(
                perform, unit, pure=False, workers=[_home(cached, self.hosts)], allow_other_workers=True
            )
        except Exception as error:
            answer.set_result(self.work.lost(item, f"the Dask scheduler is gone: {error}", False))
            return answer
        self.out[answer] = (item, remote)
        remote.add_done_callback(lambda done: self._came_back(answer, item, done))
        return answer

    def _came_back(self, answer: Future[R], item: T, remote: Any) -> None:
        """Pass on what a worker returned, and a bug's exception; a unit that was lost on the way is a result, too."""
        self.out.pop(answer, None)
        with suppress(InvalidStateError):
            try:
                answer.set_result(remote.result())
            except Exception as error:
                why = _loss(error)
                if why is None:
                    answer.set_exception(error)
                else:
                    answer.set_result(self.work.lost(item, why, True))

    def give_up_when_told(self) -> None:
        if git.interrupted.is_set():
            self.give_up("interrupted before its worker answered")

    def give_up(self, reason: str) -> None:
        """Wait for nothing more: what no worker began is never begun, what one has begun it may still finish."""
        for answer, (item, remote) in list(self.out.items()):
            self.out.pop(answer, None)
            with suppress(InvalidStateError):
                answer.set_result(self.work.lost(item, reason, True))
            with suppress(Exception):
                remote.cancel(reason=reason)


def _home(cached: str, hosts: tuple[str, ...]) -> str:
    """Return the machine that has the cache from the time before: the same one for as long as it has workers."""
    return max(hosts, key=lambda host: hashlib.sha256(f"{host}\0{cached}".encode()).digest())


def perform(unit: bytes) -> Any:
    """Do one unit of work on a worker; raise RolloutError on a worker of another version."""
    version, work, item = _unpacked(unit)
    if version != __version__:
        raise RolloutError(f"the worker has rollout {__version__}, this is {version}; install the same on both")
    return work(item)


def _unpacked(unit: bytes) -> tuple[str, Callable[[Any], Any], Any]:
    """Read what the run sent: Dask runs what it is sent anyway, so the cluster trusts whoever reaches its scheduler."""
    try:
        version, work, item = pickle.loads(unit)  # noqa: S301
    except (ImportError, AttributeError, TypeError) as error:
        raise RolloutError(f"the worker has another rollout ({error}); install the same on both") from error
    return version, work, item


def _loss(error: Exception) -> str | None:
    """Say how a unit was lost between us and its result; None for an exception of the work itself."""
    from distributed.scheduler import KilledWorker

    match error:
        case KilledWorker():
            return "every worker that had it died"
        case CancelledError():
            return "the connection to the Dask scheduler was lost"
        case ImportError():
            return f"the worker cannot do it: {error}"
        case RolloutError() | OSError():
            return str(error)
        case _:
            return None


def _stream(
    submit: Callable[[T], Future[R]],
    items: Iterable[T],
    most: int,
    stop: Event | None = None,
    watch: Callable[[], None] = lambda: None,
) -> Iterator[tuple[T, R]]:
    """Yield (item, result) as they are done, never holding more than `most`; `watch` is called now and then."""
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
