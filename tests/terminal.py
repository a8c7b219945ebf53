"""The program on a real terminal, as a person sees it and answers it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence

from tests.program import started
from tests.world import World

_PATIENCE = 90.0  # for a loaded machine; what hangs ends here
_PROMPTS = (
    b"explains): ", b"[y/N]: ", b"of this kind: overwrite/merge/keep/skip: ", b"of this kind: overwrite/keep/skip: ",
    b"target/everywhere/no: ",
)  # fmt: skip


class Talk:
    """The program on a terminal of its own; each prompt gets the next answer, and the last one may be a signal."""

    def __init__(
        self,
        world: World,
        *arguments: str,
        size: tuple[int, int] = (24, 80),
        git_pager: bool = True,
        first: str = "",
        **environment: str,
    ) -> None:
        world.inventory()
        self.terminal, theirs = pty.openpty()
        self.resize(*size)
        pager = {"GIT_PAGER": "cat"} if git_pager else {}
        told = {**os.environ, "TERM": "xterm", **pager, **environment}
        self.running = started(arguments, world.root, told, theirs, first)
        os.close(theirs)
        self.shown = ""
        self.settings_at_end: list[object] = []

    @classmethod
    def fresh(cls) -> list[object]:
        """Return how a new terminal is set."""
        ours, theirs = pty.openpty()
        settings = list(termios.tcgetattr(ours))
        os.close(ours)
        os.close(theirs)
        return settings

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def settings(self) -> list[object]:
        """Return how the terminal is set."""
        return list(termios.tcgetattr(self.terminal))

    def until(self, text: str) -> None:
        """Wait until a text is shown."""
        end = time.monotonic() + _PATIENCE
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            if select.select([self.terminal], [], [], 0.1)[0]:
                self.shown += os.read(self.terminal, 65536).decode("utf-8", "replace")

    @property
    def lines(self) -> list[str]:
        """Return what was shown, as lines without colour."""
        return re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", self.shown).replace("\r\n", "\n").split("\n")

    def agreeing(self) -> int:
        """Say yes to whatever is asked, and return the exit code."""
        return self.through([], "y\n")

    def through(self, answers: Sequence[str | signal.Signals], then: str = "") -> int:
        """Answer the prompts in order and return the exit code; `then` answers all that come after."""
        left, new, until, ended = list(answers), b"", time.monotonic() + _PATIENCE, False
        try:
            while time.monotonic() < until:
                if select.select([self.terminal], [], [], 0.1)[0]:
                    try:
                        piece = os.read(self.terminal, 65536)
                    except OSError:  # the terminal's other end is closed: the program has ended
                        break
                    new += piece
                    self.shown += piece.decode("utf-8", "replace")
                elif ended:
                    break
                else:
                    ended = self.running.poll() is not None  # what it said last may still be on its way
                if new.endswith(_PROMPTS) and (left or then):
                    new = b""
                    self._give(left.pop(0) if left else then)
            assert not left, (left, self.shown)
            code = self.running.wait(10)
            self.settings_at_end = self.settings
            return code
        finally:
            self.running.kill()
            os.close(self.terminal)

    def _give(self, answer: str | signal.Signals) -> None:
        if isinstance(answer, signal.Signals):
            self.running.send_signal(answer)
        else:
            os.write(self.terminal, answer.encode())
