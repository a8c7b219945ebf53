"""Run one process with limits on its time and output."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from msgspec import Struct, field

from rollout.errors import GitError, GitInterrupted, NoAnswer
from rollout.machine import pipes, waiting

NO_ANSWER = "no answer within the time limit"

_STDERR_KEPT = 64 * 1024  # bytes of the beginning, and as many of the end
_STDOUT_LIMIT = 1 << 30
_GRACE = 5.0  # seconds between asking a git process to end and killing it


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave no process behind, whatever happens inside the block."""
    try:
        yield
    except BaseException:
        _end(process)
        raise
    finally:
        pipes.close(process)
        process.wait()


def time_left(deadline: float) -> float:
    """Return the seconds until a deadline; raise NoAnswer if it has passed, GitInterrupted if the run must end."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise NoAnswer(NO_ANSWER)
    if waiting.interrupted.is_set():
        raise GitInterrupted("interrupted")
    return left


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children: they are a session of their own."""
    for number, wait in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            with waiting.waiting():
                process.wait(wait)
        except subprocess.TimeoutExpired:
            continue


class Ends(Struct):
    """Output for people; we keep its beginning and its end."""

    _begin: bytearray = field(default_factory=bytearray)
    _end: bytearray = field(default_factory=bytearray)

    def add(self, piece: bytes) -> None:
        room = _STDERR_KEPT - len(self._begin)
        self._begin += piece[:room]
        self._end += piece[room:]
        if len(self._end) > 2 * _STDERR_KEPT:  # not at every piece: there may be very many of a few bytes
            del self._end[:-_STDERR_KEPT]

    @property
    def text(self) -> str:
        return (self._begin + self._end[-_STDERR_KEPT:]).decode("utf-8", "replace")


class Pump:
    """Feeds stdin and drains stdout and stderr until both end, within a deadline and size limits."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, deadline: float) -> None:
        self._process = process
        self._stdin = memoryview(stdin)
        self._deadline = deadline
        self._out: list[bytes] = []
        self._err = Ends()
        self._size = 0

    def run(self) -> tuple[bytes, str]:
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None
        assert stdout is not None
        assert stderr is not None
        with selectors.PollSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ, self._read_out)
            selector.register(stderr, selectors.EVENT_READ, self._read_err)
            if self._stdin:
                os.set_blocking(stdin.fileno(), False)
                selector.register(stdin, selectors.EVENT_WRITE, self._write)
            else:
                stdin.close()
            while selector.get_map():
                left = time_left(self._deadline)
                with waiting.waiting():
                    ready = selector.select(min(left, 0.25))
                for key, _ in ready:
                    if not key.data(key.fileobj):
                        selector.unregister(key.fileobj)
                        if key.fileobj is stdin:
                            stdin.close()
        return b"".join(self._out), self._err.text

    def _read_out(self, stream: BinaryIO) -> bool:
        piece = os.read(stream.fileno(), 1 << 16)
        self._out.append(piece)
        self._size += len(piece)
        if self._size > _STDOUT_LIMIT:
            raise GitError("git wrote more than 1 GiB")
        return bool(piece)

    def _read_err(self, stream: BinaryIO) -> bool:
        piece = os.read(stream.fileno(), 1 << 16)
        self._err.add(piece)
        return bool(piece)

    def _write(self, stream: BinaryIO) -> bool:
        try:
            written = os.write(stream.fileno(), self._stdin[: 1 << 16])
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        self._stdin = self._stdin[written:]
        return bool(self._stdin)
