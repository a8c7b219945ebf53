"""The live line of a run over many targets: progress, speed, remaining time, and what holds it up."""

from __future__ import annotations

import time
from threading import Event, Lock, Thread
from types import TracebackType

from msgspec import Struct, field

from rollout.cli.terminal.screen import Screen

_SLOW = 3.0  # seconds after which we name a target that is still being worked on
_EVERY = 0.5  # seconds between two repaints while nothing finishes


class Progress(Struct):
    """Follow which targets have begun and ended; use it in a `with`, so that it stops painting."""

    screen: Screen
    total: int
    words: str
    done: int = 0
    started: float = field(default_factory=time.monotonic)
    _at_work: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _over: Event = field(default_factory=Event)
    _ticking: Thread | None = None

    def __enter__(self) -> Progress:
        if self.screen.live and self.total > 1:
            self._ticking = Thread(target=self._tick, daemon=True)
            self._ticking.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        if self._ticking is not None:
            self._ticking.join()
        self.screen.clear()

    def begun(self, target: str) -> None:
        self._at_work.setdefault(target, time.monotonic())

    def left_open(self, target: str) -> None:
        """Note that a target is set aside for now."""
        self._at_work.pop(target, None)

    def ended(self, target: str) -> None:
        self._at_work.pop(target, None)
        self.done += 1
        if self.screen.live:
            self._paint()

    def _tick(self) -> None:
        while not self._over.wait(_EVERY):
            self._paint()

    def _paint(self) -> None:
        with self._lock:
            self.screen.progress(self.done, self.total, line(self.words, self.done, self.total, self._times()))

    def _times(self) -> tuple[float, list[tuple[str, float]]]:
        """Return how long everything has taken so far, and how long each slow target has."""
        now = time.monotonic()
        at_work = [(name, now - since) for name, since in list(self._at_work.items())]
        return now - self.started, sorted((t for t in at_work if t[1] >= _SLOW), key=lambda t: -t[1])


def line(words: str, done: int, total: int, times: tuple[float, list[tuple[str, float]]]) -> str:
    """Return the text of the live line after its count."""
    seconds, slow = times
    rate = done / max(seconds, 0.001)
    left = f", {duration((total - done) / rate)} left" if done and total > done and seconds > 1 else ""
    names = ", ".join(f"{name} {duration(since)}" for name, since in slow[:2])
    more = f" and {len(slow) - 2} more" if len(slow) > 2 else ""
    return f"{words}, {rate:.0f}/s{left}" + (f"; slow: {names}{more}" if slow else "")


def duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
