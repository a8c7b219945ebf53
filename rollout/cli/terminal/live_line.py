"""The line on stderr that is painted again and again while targets are worked on."""

from __future__ import annotations

import sys
import time

from msgspec import Struct

from rollout.cli.terminal import streams

_EVERY = 0.1  # seconds between two repaints


class LiveLine(Struct):
    """The live line, if the terminal can show one."""

    shown: bool
    painted: float = 0.0
    there: bool = False

    def repaint(self, done: int, total: int, text: str) -> None:
        """Show how many are done, and what came last."""
        if not self.shown or total < 2:
            return
        now = time.monotonic()
        if now - self.painted < _EVERY and done < total:
            return
        self.painted = now
        width = streams.width(sys.stderr) or 80
        line = f"{done:,}/{total:,} {text}"[: width - 1]
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()
        self.there = True

    def clear(self) -> None:
        if self.there:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self.there = False
