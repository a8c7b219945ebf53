"""Make standard output and error safe to write to: whatever their encoding, and whether or not anybody reads them."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import TextIO

_ESCAPING = "rollout.escaping"
_COLUMNS, _LINES = 80, 24  # of a terminal that does not tell


def prepare() -> None:
    """Escape what a stream cannot encode as JSON does, so that JSON stays valid; discard output to a closed stream."""
    codecs.register_error(_ESCAPING, _escaped)
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPING)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # it lives as long as the process


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end


def write(stream: TextIO, text: str) -> None:
    """Write and flush a text; once its reader has gone, discard this and all that follows."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        silence(stream)


def silence(stream: TextIO) -> None:
    """Discard all output to a stream, so that the interpreter does not fail on it again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


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
