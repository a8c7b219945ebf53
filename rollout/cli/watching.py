"""`rollout status --watch`: the same table, looked at and painted again, until the person ends it."""

from __future__ import annotations

import io
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import partial

import click
from msgspec import Struct
from msgspec.structs import replace

from rollout.cli import session
from rollout.cli.common_options import given_options
from rollout.cli.forms import StatusForm
from rollout.cli.session import Session
from rollout.cli.status_now import StatusShown
from rollout.cli.terminal import streams
from rollout.cli.terminal.full_screen import GONE, FullScreen, full_screen
from rollout.cli.terminal.interrupt import Interrupt, interruptible
from rollout.cli.terminal.screen import Screen
from rollout.errors import Interrupted, RolloutError, UsageError
from rollout.machine import clock
from rollout.showing import watched
from rollout.showing.wrapping import height, wrapped

_LOOK = 0.1  # seconds between two looks at the keys and the size of the terminal


class Frame(Struct, frozen=True):
    """What was seen last, when, and what else was said meanwhile."""

    seen: StatusShown
    at: str
    said: str = ""


class Ended(Struct, frozen=True):
    """How the watching ended, and what was seen last."""

    code: int
    seen: StatusShown | None = None


class Watching(Struct):
    """The screen that is painted, and the frame on it."""

    look: Callable[[], Frame]
    every: float
    screen: Screen
    frame: Frame
    interrupt: Interrupt

    def on(self, area: FullScreen) -> None:
        """Paint and look again until the person ends it, or their terminal is gone; raise Interrupted for a signal."""
        while True:
            if not self._paint(area) or not self._waited(area):
                return
            try:
                self.frame = self.look()
            except RolloutError as error:  # an inventory in the middle of an edit, a ledger that is away for a moment
                self.frame = replace(self.frame, said=f"rollout: {error}")

    def _paint(self, area: FullScreen) -> bool:
        rows, columns = area.size
        how, seen = replace(self.screen.display, width=columns), self.frame.seen
        head = how.paint(f"Ctrl-C or q ends. Every {self.every:g} s; as of {self.frame.at}."[: columns - 1], "dim")
        said = [line for text in self.frame.said.splitlines() for line in wrapped(text, columns)]
        lines = watched.fitted(seen.rows, seen.known, how, seen.then, rows - 1 - height(said, columns))
        return area.paint([head, *map(self.screen.fit, (*said, *lines))])

    def _waited(self, area: FullScreen) -> bool:
        """Wait until it is time to look again; tell whether that is wanted."""
        until, size = time.monotonic() + self.every, area.size
        while time.monotonic() < until:
            if area.key(_LOOK) in {"q", GONE}:
                return False
            self.interrupt.checked()
            if area.size != size:
                size = area.size
                self._paint(area)
        return True


def watch(context: click.Context, look: Callable[[Session], StatusShown], every: float, form: StatusForm) -> Ended:
    """Show what is seen until Ctrl-C, q or a signal; the last table stays on the terminal."""
    options = given_options(context)
    if options.json or form is not StatusForm.TABLE or not streams.repaints(sys.stdout):
        raise UsageError.of(
            "rollout status", "--watch needs a terminal to paint on", "leave it out to see the table once"
        )
    screen = Screen(options)
    with interruptible() as interrupt:
        again = partial(_looked, context, look)
        try:
            watching = Watching(again, every, screen, again(), interrupt)
        except Interrupted as end:
            return Ended(_ended(end))
        code = 0
        try:
            with full_screen() as area:
                watching.on(area)
            interrupt.checked()  # the signal of a terminal that is gone
        except Interrupted as end:
            code = _ended(end)
    screen.data(watching.frame.seen.text(screen.display))
    return Ended(code, watching.frame.seen)


def _ended(end: Interrupted) -> int:
    """Return the exit code: Ctrl-C is how one ends it."""
    return 0 if end.exit_code == 128 + signal.SIGINT else end.exit_code


def _looked(context: click.Context, look: Callable[[Session], StatusShown]) -> Frame:
    """Look at everything anew, the inventory too; what is said on stderr becomes part of the frame."""
    with redirect_stderr(io.StringIO()) as said, session.opened(context) as at:
        seen = look(at)
        at.interrupt.checked()
    return Frame(seen, clock.now(), said.getvalue())
