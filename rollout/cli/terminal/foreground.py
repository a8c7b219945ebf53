"""Programs of the person's that have the terminal until they end: the pager, the editor."""

from __future__ import annotations

import re
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from rollout.cli.terminal.interrupt import Interrupt
from rollout.machine.processes import end_all

FOR_SHELL = re.compile(r"[|&;<>()$`\\\"'*?\[#~=%\n]")  # as git tells it, but for blanks
NOT_RUN = {126, 127}  # the shell could not start it
_PATIENCE = 2.0  # seconds that a program has to save what it holds


@contextmanager
def running(
    words: Sequence[str],
    interrupt: Interrupt,
    *,
    stdin: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that has the terminal; whatever ends the block tells it to end, too, and waits for it.

    A signal that comes while it starts waits until the program can be ended. Raises OSError if it cannot be started.
    """
    started = None
    with terminal_restored(), interrupt.left_alone():
        try:
            with interrupt.held():
                started = subprocess.Popen(words, stdin=stdin, env=environment)
            interrupt.checked()
            yield started
        finally:
            if started is not None and started.poll() is None:
                _end(started)


def _end(program: subprocess.Popen[bytes]) -> None:
    end_all(program.pid)
    with suppress(subprocess.TimeoutExpired):
        program.wait(_PATIENCE)
    program.kill()
    program.wait()


@contextmanager
def terminal_restored() -> Iterator[None]:
    """Leave the terminal as it was, however the program that has it ends."""
    before = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        with suppress(termios.error):  # it is gone
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
