"""Make the standard streams safe: whatever their encoding, and whether or not they are there and can be written."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

from rollout import file_names

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_ESCAPING = "rollout.escaping"
_COLUMNS, _LINES = 80, 24  # of a terminal that does not tell


class Lost(Exception):  # no fault of ours, and no OSError: that would be the fault of a file
    """What was printed could not be written."""

    def __init__(self, why: OSError) -> None:
        super().__init__(str(why))
        self.why = why


class Outlet(io.FileIO):
    """Where a stream's bytes go; once it cannot be written, all that follows is discarded."""

    def __init__(self, descriptor: int, *, tells: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._tells = tells
        self.fault: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, and wait for a slow reader; raise Lost once if that is wanted."""
        if self.fault is None:
            try:
                return self._written(data)
            except OSError as error:
                self.fault = error
                if self._tells:
                    raise Lost(error) from error
        return memoryview(data).nbytes

    def _written(self, data: ReadableBuffer) -> int:
        # The type of FileIO hides that this is None where a descriptor does not wait.
        while (count := io.FileIO.write(self, data)) is None:
            select.select([], [self], [])
        return count


class StandardOutput:
    """Standard output, once it is safe to write to."""

    def __init__(self, outlet: Outlet | None) -> None:
        self._outlet = outlet

    def ended(self, code: int) -> int:
        """Write what is left and return the exit code: an error if something could not be written."""
        try:
            if not sys.stdout.closed:  # a server of the MCP closes it itself
                sys.stdout.flush()
        except Lost:
            pass  # told now
        fault = None if self._outlet is None else self._outlet.fault
        if fault is None or isinstance(fault, BrokenPipeError):  # who stops reading has what they want
            return code
        write(sys.stderr, f"rollout: standard output: {fault.strerror}; not all that was to be told is there\n")
        return 1 if code < 5 else code


def prepare() -> StandardOutput:
    """Open closed streams on nothing, and escape what a stream cannot encode as JSON does, so that JSON stays valid."""
    codecs.register_error(_ESCAPING, _escaped)
    closed = [_open(number) for number in range(3)]
    if sys.stdin is None or closed[0]:
        sys.stdin = open(os.open(os.devnull, os.O_RDONLY))  # noqa: SIM115  # it lives as long as the process
    elif isinstance(sys.stdin, io.TextIOWrapper) and (encoding := file_names.encoding_of_streams()):
        sys.stdin.reconfigure(encoding=encoding, errors="surrogateescape")
    outlet, complaints = _outlet(sys.stdout, tells=True), _outlet(sys.stderr, tells=False)
    sys.stdout, sys.stderr = _text(outlet, sys.stdout), _text(complaints, sys.stderr)
    return StandardOutput(outlet)


def _open(number: int) -> bool:
    """Open a closed descriptor on nothing, for what is opened next gets the lowest free number; tell whether it was."""
    try:
        os.fstat(number)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        return True
    return False


def _outlet(stream: TextIO | None, *, tells: bool) -> Outlet | None:
    """Return where a stream goes: to nothing if it was closed when we began; None if it stays in memory."""
    if stream is None:
        return Outlet(os.open(os.devnull, os.O_WRONLY), tells=tells)
    try:
        return Outlet(stream.fileno(), tells=tells)
    except io.UnsupportedOperation:
        return None


def _text(outlet: Outlet | None, before: TextIO | None) -> TextIO:
    if outlet is None:
        assert before is not None
        return before
    encoding, lines, through = "utf-8", False, False
    if isinstance(before, io.TextIOWrapper):
        before.flush()
        encoding = file_names.encoding_of_streams() or before.encoding
        lines, through = before.line_buffering, before.write_through
    return io.TextIOWrapper(
        io.BufferedWriter(outlet), encoding, _ESCAPING, "\n", line_buffering=lines, write_through=through
    )


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end


def write(stream: TextIO, text: str) -> bool:
    """Write and flush a text, and tell whether that was possible; if not, this and all that follows is discarded."""
    try:
        stream.write(text)
        stream.flush()
    except Lost:
        return False
    return True


def lost(stream: TextIO) -> bool:
    """Tell whether a text did not reach those who still read a stream."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return isinstance(raw, Outlet) and raw.fault is not None and not isinstance(raw.fault, BrokenPipeError)


def line(stream: TextIO) -> str:
    """Return the next line of a stream; "" at its end, and once its terminal is gone."""
    try:
        return stream.readline()
    except OSError:
        return ""


def width(stream: TextIO) -> int | None:
    """Return how many columns the terminal has, or None if the stream is not a terminal."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except OSError:
        return _COLUMNS


def repaints(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal on which a line can be painted over."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def height(stream: TextIO) -> int:
    """Return how many lines the terminal has."""
    try:
        return os.get_terminal_size(stream.fileno()).lines or _LINES
    except OSError:
        return _LINES
