"""Run a program on the remote side of an open ssh connection, as the client of a shared connection does.

Starting `ssh` costs more processor time than a whole session. The protocol is OpenSSH's, version 4, between clients and
the process that owns the connection: PROTOCOL.mux in its sources.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from msgspec import Struct, field

from rollout.errors import GitTimeout
from rollout.git.process import Ends, time_left
from rollout.git.run import Result
from rollout.machine import waiting

_VERSION = 4

_HELLO, _NEW_SESSION = 0x00000001, 0x10000002

_EXIT_MESSAGE, _SESSION_OPENED = 0x80000004, 0x80000006

_NO_ESCAPE = 0xFFFFFFFE
_WORD = struct.Struct(">I")
_PIECE = 1 << 16
_POLL = 0.25  # seconds between two checks for a signal
_MOST = 1 << 26  # bytes that the remote side may send before it reads


class NoSession(Exception):
    """No session could be opened; nothing was done."""


class SshSession(Struct):
    """A program that runs on the remote side: bytes to it and from it, within a deadline.

    Every method that waits raises GitTimeout when the deadline passes.
    """

    control: socket.socket
    stdin: int
    stdout: int
    stderr: int
    started: float
    deadline: float
    _heard: bytearray = field(default_factory=bytearray)
    _words: Ends = field(default_factory=Ends)

    def say(self, words: bytes) -> None:
        """Send bytes, and keep what arrives meanwhile: a sender that never reads could block for ever."""
        left = memoryview(words)
        while left:
            left = left[self._go_on(left) :]
            if len(self._heard) > _MOST:
                raise GitTimeout("the server sent more than 64 MiB without reading what we sent")

    def hear(self) -> bytes:
        """Return what has arrived, waiting for it if need be; nothing at the end of the stream."""
        while not self._heard and self.stdout >= 0:
            self._go_on()
        piece, self._heard = bytes(self._heard), bytearray()
        return piece

    def end(self) -> Result:
        """Close our side, read the rest, and return the exit code (-1 if unknown) and stderr."""
        self.stdin = _closed(self.stdin)
        while self.stdout >= 0 or self.stderr >= 0:
            self._go_on()
            self._heard.clear()
        return Result(self._code(), b"", self._words.text, time.monotonic() - self.started)

    def _go_on(self, words: memoryview | None = None) -> int:
        """Wait until there is something to read or room to write; read it, and return how much was written."""
        poll = select.poll()
        for descriptor in (self.stdout, self.stderr):
            if descriptor >= 0:
                poll.register(descriptor, select.POLLIN)
        if words is not None:
            poll.register(self.stdin, select.POLLOUT)
        written = 0
        for descriptor in self._ready(poll):
            if descriptor == self.stdin and words is not None:
                written = self._write(words)
            elif descriptor == self.stdout:
                piece = os.read(descriptor, _PIECE)
                self._heard += piece
                self.stdout = descriptor if piece else _closed(descriptor)
            else:
                piece = os.read(descriptor, _PIECE)
                self._words.add(piece)
                self.stderr = descriptor if piece else _closed(descriptor)
        return written

    def _ready(self, poll: select.poll) -> list[int]:
        left = time_left(self.deadline)
        with waiting.waiting():
            return [descriptor for descriptor, _ in poll.poll(min(left, _POLL) * 1000)]

    def _write(self, words: memoryview) -> int:
        """Write as much as there is room for; bytes count as written when the reader is gone."""
        try:
            return os.write(self.stdin, words[:_PIECE])
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            return len(words)

    def _code(self) -> int:
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        with suppress(OSError, EOFError, struct.error):
            while True:
                while not self._ready(poll):
                    continue
                kind, *words = _received(self.control)
                if kind == _EXIT_MESSAGE:
                    return words[1]
        return -1

    def close(self) -> None:
        """Close all streams, whatever the program does; the remote side sees them closed."""
        self.stdin, self.stdout, self.stderr = map(_closed, (self.stdin, self.stdout, self.stderr))


def _closed(descriptor: int) -> int:
    if descriptor >= 0:
        os.close(descriptor)
    return -1


@contextmanager
def opened(path: str, command: str, environment: Mapping[str, str], limit: float) -> Iterator[SshSession]:
    """Run a command over the connection whose socket is at `path`; raise NoSession if no session opens."""
    started = time.monotonic()
    with ExitStack() as open_:
        control = open_.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        (their_stdin, stdin), (stdout, their_stdout), (stderr, their_stderr) = os.pipe(), os.pipe(), os.pipe()
        theirs = (their_stdin, their_stdout, their_stderr)
        session = SshSession(control, stdin, stdout, stderr, started, started + limit)
        open_.callback(session.close)
        try:
            control.settimeout(limit)
            with waiting.waiting():
                control.connect(path)
                _greet(control)
                _begin(control, command, environment, theirs)
        except (OSError, EOFError, struct.error) as error:
            raise NoSession(str(error)) from error
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        os.set_blocking(stdin, False)
        yield session


def _greet(control: socket.socket) -> None:
    _send(control, _WORD.pack(_HELLO) + _WORD.pack(_VERSION))
    if _received(control)[:2] != (_HELLO, _VERSION):
        raise NoSession("another version of the protocol")


def _begin(control: socket.socket, command: str, environment: Mapping[str, str], files: tuple[int, ...]) -> None:
    no = _WORD.pack(0)
    settings = [f"{name}={value}".encode() for name, value in environment.items()]
    _send(
        control,
        # the message, its number, a reserved field, and no terminal, X11, agent or subsystem
        b"".join([_WORD.pack(_NEW_SESSION), no, _text(b""), no, no, no, no, _WORD.pack(_NO_ESCAPE), _text(b"")])
        + b"".join(map(_text, [command.encode("utf-8", "surrogateescape"), *settings])),
    )
    for descriptor in files:
        socket.send_fds(control, [b"\0"], [descriptor])
    if _received(control)[0] != _SESSION_OPENED:
        raise NoSession("no session")


def _text(content: bytes) -> bytes:
    return _WORD.pack(len(content)) + content


def _send(control: socket.socket, message: bytes) -> None:
    control.sendall(_text(message))


def _received(control: socket.socket) -> tuple[int, ...]:
    """Return the first numbers of a message, three at most."""
    message = _exactly(control, _WORD.unpack(_exactly(control, _WORD.size))[0])
    number = min(3, len(message) // _WORD.size)
    return struct.unpack_from(f">{number}I", message)


def _exactly(control: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = control.recv(size - len(found))
        if not piece:
            raise EOFError("the connection is gone")
        found += piece
    return found
