"""Turn SIGINT, SIGTERM and SIGHUP into an orderly end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from msgspec import Struct, field

from rollout.errors import Interrupted, RolloutError

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 1.2  # seconds that work in flight may take to end after an interrupt


class Interrupt(Struct):
    """Remember which signal asked us to end; the first lets work in flight finish, if it is quick."""

    stop: threading.Event = field(default_factory=threading.Event)
    number: int | None = None
    idle: bool = False

    @property
    def code(self) -> int | None:
        return None if self.number is None else 128 + self.number

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        from rollout.checkout import index_lock
        from rollout.machine import waiting

        if self.number is not None:
            index_lock.release_all()
            os._exit(128 + number)
        self.number = number
        self.stop.set()
        if self.idle:
            raise Interrupted(number)
        timer = threading.Timer(_PATIENCE, waiting.interrupted.set)
        timer.daemon = True
        timer.start()

    @contextmanager
    def left_alone(self) -> Iterator[None]:
        """Let Ctrl-C be another program's on the terminal: a handler, unlike an ignored signal, is not inherited."""
        before = signal.signal(signal.SIGINT, _nothing)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raise nothing inside the block, whatever signal comes: what it starts must be known, to be ended."""
        before, self.idle = self.idle, False
        try:
            yield
        finally:
            self.idle = before

    def checked(self) -> None:
        """Raise Interrupted if the command was told to end."""
        if self.number is not None:
            raise Interrupted(self.number)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise Interrupted as soon as a signal comes inside the block, which only waits: nothing is in flight."""
        before, self.idle = self.idle, True
        self.checked()
        try:
            yield
        finally:
            self.idle = before


def _nothing(_number: int, _frame: FrameType | None) -> None:
    pass


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Turn SIGINT, SIGTERM and a terminal that is closed into a request to end while the block lasts.

    Raises Interrupted for an error that comes of it: what was ended has told why in words of its own.
    """
    from rollout.machine import waiting

    interrupt = Interrupt()
    numbers = [one for one in _ENDS if one is not signal.SIGHUP or signal.getsignal(one) is not signal.SIG_IGN]  # nohup
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield interrupt
    except RolloutError as error:
        if interrupt.number is None or not waiting.interrupted.is_set():
            raise
        raise Interrupted(interrupt.number) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
