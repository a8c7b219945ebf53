"""A terminal that is painted as a whole, and given back as it was."""

from __future__ import annotations

import os
import select
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from msgspec import Struct

from rollout.cli.terminal import streams

_ENTER = "\x1b[?1049h\x1b[?25l"  # the other screen, no cursor
_LEAVE = "\x1b[?25h\x1b[?1049l"
_BEGIN, _END = "\x1b[?2026h\x1b[H", "\x1b[J\x1b[?2026l"  # one update: terminals that know it show it at once
_REST = "\x1b[K"
GONE = "gone"  # no key: nobody can press one any more


class FullScreen(Struct, frozen=True):
    """The terminal while it is ours."""

    keys: bool

    @property
    def size(self) -> tuple[int, int]:
        return streams.height(sys.stdout), streams.width(sys.stdout) or 80

    def paint(self, lines: Sequence[str]) -> bool:
        """Paint over what is there, line by line, so that nothing flickers; tell whether the terminal is there."""
        return streams.write(sys.stdout, _BEGIN + "\n".join(line + _REST for line in lines) + _END)

    def key(self, seconds: float) -> str:
        """Return the key that was pressed within some time; "" where none was, and GONE without the terminal."""
        if not select.select([sys.stdin] if self.keys else [], [], [], seconds)[0]:
            return ""
        try:
            return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") or GONE
        except OSError:
            return GONE


@contextmanager
def full_screen() -> Iterator[FullScreen]:
    """Take the terminal: the other screen, no cursor, no echo, keys at once; Ctrl-C stays a signal."""
    keys = sys.stdin.isatty()
    before = termios.tcgetattr(sys.stdin) if keys else None
    streams.write(sys.stdout, _ENTER)
    try:
        if before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, _quiet(before))
        yield FullScreen(keys)
    finally:
        if before is not None:
            with suppress(termios.error):  # it is gone
                termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, before)
        streams.write(sys.stdout, _LEAVE)


def _quiet(settings: list[int | list[bytes | int]]) -> list[int | list[bytes | int]]:
    """Return settings without echo and lines; nothing can stop us while the screen is ours."""
    now = list(settings)
    local, special = now[3], now[6]
    assert isinstance(local, int)
    assert isinstance(special, list)
    now[3] = local & ~(termios.ECHO | termios.ICANON)
    now[6] = [b"\0" if index == termios.VSUSP else value for index, value in enumerate(special)]
    return now
