"""Find text that no file may contain any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from rollout.content.patterns import matches
from rollout.model.limits import Finding, Forbidden
from rollout.model.verified import Where
from rollout.safety.flaw import Flaw

_LONGEST = 60  # characters to show of what was found
_MOST = 20  # lines to name in one file


def found(rule: Forbidden, path: str, text: str) -> Iterator[Finding]:
    """Yield each line of a text that a rule forbids, unless its path is excepted."""
    if any(matches(exception, path) for exception in rule.exceptions):
        return
    for hit in islice(_pattern(rule.words, rule.is_pattern).finditer(text), _MOST):
        line = text.count("\n", 0, hit.start()) + 1
        why = f": {rule.why}" if rule.why else ""
        yield Finding(Where.FORBIDDEN, path, Flaw(f"says {_shown(hit[0])!r}{why}", line), rule.block)


def _shown(found: str) -> str:
    """Return what was found on one line, shortened if it is long."""
    line = " ".join(found.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."


@lru_cache(maxsize=256)
def _pattern(words: str, is_pattern: bool) -> re.Pattern[str]:
    return re.compile(words if is_pattern else re.escape(words), re.MULTILINE)


def fault(words: str, *, is_pattern: bool) -> str | None:
    """Say why words or a pattern cannot be used, or None."""
    if "\b" in words:  # nobody means that: YAML made it of what is a word's edge in a pattern
        return r"'\b' between double quotes is a backspace; write '\\b', or use single quotes"
    if not is_pattern:
        return None
    try:
        re.compile(words)
    except re.error as error:
        return str(error)
    return None
