"""The question before a run, on a terminal: what each answer does, and that an interrupt ends it at once."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.program import started
from tests.world import World

_PATIENCE = 60.0  # for a loaded machine; what hangs ends here


def asked(
    world: World, act: Callable[[int, subprocess.Popen[str]], object], *arguments: str, prompt: bytes = b"[y/N]"
) -> tuple[int, str]:
    """Run the program on a terminal, act once it asks, and return its exit code and all that it showed."""
    world.inventory()
    ours, theirs = pty.openpty()
    running = started(arguments, world.root, os.environ, theirs)
    os.close(theirs)
    shown, acted, until = b"", False, time.monotonic() + _PATIENCE
    try:
        while time.monotonic() < until:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    shown += os.read(ours, 65536)
                except OSError:  # the terminal's other end is closed: the program has ended
                    break
            elif running.poll() is not None:
                break
            if prompt in shown and not acted:
                acted = True
                act(ours, running)
        return running.wait(10), shown.decode()
    finally:
        running.kill()
        os.close(ours)


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 4), (b"\n", 4), (b"\x04", 4), (b"y\n", 0)])
def test_only_yes_is_yes(world: World, answer: bytes, code: int) -> None:
    world.bare_repo("api")
    ended, shown = asked(world, lambda terminal, _: os.write(terminal, answer), "apply")
    assert ended == code, shown
    assert (world.at("api", "conf.txt") is None) == bool(code)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_while_a_question_stands_ends_the_run_at_once(world: World, number: int, code: int) -> None:
    world.bare_repo("api")
    ended, shown = asked(world, lambda _, running: running.send_signal(number), "apply")
    assert ended == code, shown
    assert shown.splitlines()[-1] == "rollout: interrupted; nothing was changed"
    assert world.at("api", "conf.txt") is None
