"""Wait for work no longer than a limit."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

from rollout.errors import RolloutError


def within(seconds: float, work: Callable[[], object]) -> None:
    """Do the work in a thread of its own; raise what it raises, or RolloutError when the time is over.

    The thread is left behind then: a name service that does not answer cannot be interrupted.
    """
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            ended.put(error)
        else:
            ended.put(None)

    Thread(target=run, daemon=True).start()
    try:
        error = ended.get(timeout=seconds)
    except Empty:
        raise RolloutError(f"the event store did not answer within {seconds:.0f} seconds") from None
    if error is not None:
        raise error
