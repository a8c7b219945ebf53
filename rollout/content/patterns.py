"""Match paths against patterns the way git does in .gitignore and .gitattributes."""

from __future__ import annotations

import os
import re
from functools import lru_cache

_NOTHING = re.compile(rb"(?!)")
_LITERAL = re.compile(rb"[^*?\[\\]*")
_STARS = re.compile(rb"\\(/)|(\\.)|\*{2,}", re.DOTALL)


@lru_cache(maxsize=4096)
def _regex(pattern: bytes, below: bool) -> re.Pattern[bytes]:
    only_folder = pattern.endswith(b"/")
    body = pattern.removesuffix(b"/")
    head = b"" if b"/" in body else b"(?:.*/)?"
    if not below:
        tail = b""
    elif only_folder:
        tail = b"/.*"
    else:
        tail = b"(?:/.*)?"
    inside = _translate(body)
    return _NOTHING if inside is None else re.compile(head + inside + tail + rb"\Z", re.DOTALL)


def _translate(pattern: bytes) -> bytes | None:
    """Return the regular expression of a pattern, or None for one that git takes to match nothing.

    Two and more stars cross folders only in a pattern with a slash; there git compares what stands before the first
    special character by itself, so that stars after it count as the beginning (dir.c, wildmatch.c).
    """
    from dulwich.wildmatch import MalformedPattern, translate

    deep = b"/" in pattern
    body = pattern.removeprefix(b"/")
    found = _LITERAL.match(body) if deep else None
    literal = found[0] if found else b""
    stars = b"**" if deep else b"*"
    rest = _STARS.sub(lambda match: match[1] or match[2] or stars, body[len(literal) :])
    if (len(rest) - len(rest.rstrip(b"\\"))) % 2:
        return None
    try:
        return re.escape(literal) + (translate(rest) if rest else b"")
    except MalformedPattern:
        return None


def matches(pattern: str, path: str) -> bool:
    """Tell whether a .gitignore-like pattern covers `path`: a folder covers what is below it."""
    return _regex(os.fsencode(pattern), True).match(os.fsencode(path)) is not None


def matches_exactly(pattern: str, path: str) -> bool:
    """Tell whether a .gitattributes pattern names `path` itself; there a folder does not cover its files."""
    return not pattern.endswith("/") and _regex(os.fsencode(pattern), False).match(os.fsencode(path)) is not None


def is_glob(pattern: str) -> bool:
    return any(c in pattern for c in "*?[\\") or pattern.endswith("/")
