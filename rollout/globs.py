"""Match paths against patterns the way git does in .gitignore and .gitattributes."""

from __future__ import annotations

import re
from functools import lru_cache

_POSIX_CLASS = re.compile(r"\[:([a-z]+):\]")
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "lower": "a-z",
    "space": r"\s",
    "upper": "A-Z",
}


@lru_cache(maxsize=4096)
def _regex(pattern: str, below: bool) -> re.Pattern[str]:
    only_folder = pattern.endswith("/")
    body = pattern.removesuffix("/")
    anchored = "/" in body
    body = body.removeprefix("/")
    head = "" if anchored else "(?:.*/)?"
    if not below:
        tail = ""
    elif only_folder:
        tail = "/.*"
    else:
        tail = "(?:/.*)?"
    return re.compile(head + _translate(body) + tail + r"\Z", re.DOTALL)


def _translate(pattern: str) -> str:
    out = []
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if pattern.startswith("**/", i) and (i == 0 or pattern[i - 1] == "/"):
            out.append("(?:.*/)?")
            i += 3
            continue
        if pattern.startswith("/**", i) and i + 3 == len(pattern):
            out.append("/.*")
            i += 3
            continue
        if c == "*":
            while i + 1 < len(pattern) and pattern[i + 1] == "*":
                i += 1
            out.append("[^/]*")
        elif c == "?":
            out.append("[^/]")
        elif c == "[":
            end, text = _bracket(pattern, i)
            out.append(text)
            i = end
        elif c == "\\" and i + 1 < len(pattern):
            i += 1
            out.append(re.escape(pattern[i]))
        else:
            out.append(re.escape(c))
        i += 1
    return "".join(out)


def _bracket(pattern: str, start: int) -> tuple[int, str]:
    """Translate the bracket expression at `start`; return the index of its end and the regex.

    One that is never closed matches nothing, as in git's wildmatch.c.
    """
    i = start + 1
    negated = pattern[i : i + 1] in {"!", "^"}
    i += negated
    parts: list[str] = []
    while i < len(pattern) and (pattern[i] != "]" or not parts):
        named = _POSIX_CLASS.match(pattern, i)
        if named:
            parts.append(_CLASSES.get(named[1], ""))
            i = named.end()
            continue
        low, i = _literal(pattern, i)
        if pattern[i : i + 1] == "-" and pattern[i + 1 : i + 2] not in {"", "]"}:
            high, i = _literal(pattern, i + 1)
            parts.append(f"{re.escape(low)}-{re.escape(high)}" if low <= high else "")
        else:
            parts.append(re.escape(low))
    if i >= len(pattern):
        return len(pattern), r"(?!)"
    inside = "".join(parts)
    if not inside:
        return i, r"[^/]" if negated else r"(?!)"
    return i, f"(?!/)[{'^' if negated else ''}{inside}]"


def _literal(pattern: str, i: int) -> tuple[str, int]:
    """Return the character at `i`, which a backslash may protect, and where the next one is."""
    if pattern[i] == "\\" and i + 1 < len(pattern):
        i += 1
    return pattern[i], i + 1


def matches(pattern: str, path: str) -> bool:
    """Tell whether a .gitignore-like pattern covers `path`: a folder covers what is below it."""
    return _regex(pattern, True).match(path) is not None


def matches_exactly(pattern: str, path: str) -> bool:
    """Tell whether a .gitattributes pattern names `path` itself; there a folder does not cover its files."""
    return not pattern.endswith("/") and _regex(pattern, False).match(path) is not None


def is_glob(pattern: str) -> bool:
    return any(c in pattern for c in "*?[\\") or pattern.endswith("/")
