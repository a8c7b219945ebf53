"""What programs a test starts, as Python itself tells of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_listening: list[list[list[str]]] = []
_hooked: list[bool] = []


@contextmanager
def started() -> Iterator[list[list[str]]]:
    """Collect the argument lists of the programs that this process starts."""
    if not _hooked:
        sys.addaudithook(_heard)  # there is no way to take one away again
        _hooked.append(True)
    words: list[list[str]] = []
    _listening.append(words)
    try:
        yield words
    finally:
        _listening.remove(words)


def _heard(event: str, given: tuple[object, ...]) -> None:
    if _listening and event == "subprocess.Popen":
        arguments = given[1]
        assert isinstance(arguments, list | tuple)
        for words in _listening:
            words.append([str(word) for word in arguments])
