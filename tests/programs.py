"""What programs a test starts, as Python itself tells of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rollout.machine import processes

_listening: list[Callable[[list[str]], object]] = []
_hooked: list[bool] = []


@contextmanager
def started() -> Iterator[list[list[str]]]:
    """Collect the argument lists of the programs that this process starts."""
    words: list[list[str]] = []
    with _heard_by(words.append):
        yield words


@contextmanager
def git_commands() -> Iterator[list[str]]:
    """Collect the names of the git commands that the program runs in this process, as they come."""
    names: list[str] = []

    def noted(words: list[str]) -> None:
        if words[1:2] == ["--no-pager"]:  # as a person does not run it
            names.append(_command(words[2:]))

    with _heard_by(noted):
        yield names


def _command(words: list[str]) -> str:
    """Return the command that stands behind git's own options."""
    while words[0].startswith("-"):
        words = words[2 if words[0] == "-c" else 1 :]
    return words[0]


@contextmanager
def _heard_by(listener: Callable[[list[str]], object]) -> Iterator[None]:
    if not _hooked:
        sys.addaudithook(_heard)  # there is no way to take one away again
        _hooked.append(True)
    _listening.append(listener)
    try:
        yield
    finally:
        _listening.remove(listener)


def _heard(event: str, given: tuple[object, ...]) -> None:
    if _listening and event == "subprocess.Popen":
        arguments = given[1]
        assert isinstance(arguments, list | tuple)
        for listener in _listening:
            listener([str(word) for word in arguments])


def ends(process: int, within: float = 20.0) -> bool:
    """Wait until a process that was told to end has ended; tell whether it did, in seconds."""
    until = time.monotonic() + within
    while processes.started(process) and time.monotonic() < until:
        time.sleep(0.02)
    return not processes.started(process)
