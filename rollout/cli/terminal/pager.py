"""Long output on a terminal goes through the person's pager, chosen as git chooses it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping

from rollout.cli.terminal import foreground
from rollout.cli.terminal.interrupt import Interrupt
from rollout.errors import Interrupted
from rollout.machine.processes import end_all

_DEFAULTS = {"LESS": "FRX", "LV": "-c"}  # as git sets them, where the person does not
_LOOK = 0.1  # seconds between two looks at whether we are to end
_ENDED = {-signal.SIGINT, 128 + signal.SIGINT}


def chosen(environment: Mapping[str, str], settings: Mapping[str, str]) -> str:
    """Return the pager that git would use, by what the person set; "" where none is wanted."""
    named = (environment.get("GIT_PAGER"), settings.get("core.pager"), environment.get("PAGER"))
    command = next((one for one in named if one is not None), "less" if shutil.which("less") else "")
    return "" if command.strip() in {"", "cat"} else command


def page(command: str, text: str, interrupt: Interrupt) -> bool:
    """Show a text in a pager until the person leaves it; tell whether the pager could be started.

    Ctrl-C is the pager's while it runs; one that ends by it ends us, too.
    """
    environment = {**_DEFAULTS, **os.environ}
    data = text.encode(sys.stdout.encoding or "utf-8", "backslashreplace")
    try:
        with foreground.running(_words(command), interrupt, stdin=subprocess.PIPE, environment=environment) as pager:
            _fed(pager, data, interrupt)
    except OSError:
        return False
    interrupt.checked()
    if pager.returncode in _ENDED:
        raise Interrupted(signal.SIGINT)
    return pager.returncode not in foreground.NOT_RUN


def _fed(running: subprocess.Popen[bytes], data: bytes, interrupt: Interrupt) -> None:
    """Give a pager all that there is to read, and wait until it ends; end it if we are to end."""
    given: bytes | None = data
    while True:
        try:
            running.communicate(given, timeout=_LOOK)
            return
        except subprocess.TimeoutExpired:
            given = None
            if interrupt.stop.is_set():
                end_all(running.pid)


def _words(command: str) -> list[str]:
    """Return what runs a command; a shell only where it takes one, for a shell does not survive its pager's Ctrl-C."""
    return ["sh", "-c", command] if foreground.FOR_SHELL.search(command) else command.split()
