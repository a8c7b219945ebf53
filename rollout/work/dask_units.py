"""What runs on a Dask worker."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from rollout import __version__
from rollout.errors import RolloutError
from rollout.machine import waiting
from rollout.work.executors import Work

Client = Any  # half of Dask's interface has no annotations


T = TypeVar("T")
R = TypeVar("R")


class HandedOut(Struct, Generic[T, R]):
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
        """Pass on what a worker returned, and a bug's exception; a unit that was lost on the way is also a result."""
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
        if waiting.interrupted.is_set():
            self.give_up("interrupted before its worker answered")

    def give_up(self, reason: str) -> None:
        """Wait for nothing more: units that no worker has begun are never begun; the others may still finish."""
        for answer, (item, remote) in list(self.out.items()):
            self.out.pop(answer, None)
            with suppress(InvalidStateError):
                answer.set_result(self.work.lost(item, reason, True))
            with suppress(Exception):
                remote.cancel(reason=reason)


def _home(cached: str, hosts: tuple[str, ...]) -> str:
    """Return the machine that has the cache from before: the same one as long as it has workers."""
    return max(hosts, key=lambda host: hashlib.sha256(f"{host}\0{cached}".encode()).digest())


def perform(unit: bytes) -> Any:
    """Do one unit of work on a worker; raise RolloutError on a worker of another version."""
    version, work, item = _unpacked(unit)
    if version != __version__:
        raise RolloutError(f"the worker has rollout {__version__}, this is {version}; install the same on both")
    return work(item)


def _unpacked(unit: bytes) -> tuple[str, Callable[[Any], Any], Any]:
    """Read what the run sent: Dask runs anything it is sent, so the cluster trusts whoever reaches its scheduler."""
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
