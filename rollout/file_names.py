"""Names of files are UTF-8, whatever the locale says: what is pushed must not depend on who pushes it, and where."""

from __future__ import annotations

import locale
import os
import sys
from typing import NoReturn

_STREAMS = "rollout-streams"  # the option of the second interpreter that has the encoding of the first one's streams


def begin_in_utf8() -> None:
    """Begin again in an interpreter that takes names for UTF-8, if this one does not.

    Python decides that once, when it starts. The environment stays, and with it that of our children.
    """
    if encoding_of_streams() is not None:
        sys.argv[1:] = [meant(word) for word in sys.argv[1:]]
    elif sys.getfilesystemencoding() != "utf-8":
        _begin_again()


def _begin_again() -> NoReturn:
    streams = [stream.encoding for stream in (sys.stdout, sys.stderr, sys.stdin) if stream is not None]
    encoding = [*streams, locale.getencoding()][0]
    options = ("-X", "utf8", "-X", f"{_STREAMS}={encoding}")
    os.execv(sys.executable, [sys.executable, *options, *sys.orig_argv[1:]])  # noqa: S606  # it is this program


def encoding_of_streams() -> str | None:
    """Return the encoding of the locale in which the streams are read and written, if we began again; else None."""
    found = sys._xoptions.get(_STREAMS)
    return found if isinstance(found, str) else None


def meant(word: str) -> str:
    """Return an argument, or the value of an option's variable, as the locale has it if it is not UTF-8.

    The name of a file that is there stays as it is.
    """
    data = os.fsencode(word)
    try:
        return data.decode()
    except UnicodeDecodeError:
        there = any(os.path.lexists(name) for name in (data, data.partition(b"=")[2]))
        return word if there else data.decode(locale.getencoding(), "surrogateescape")
