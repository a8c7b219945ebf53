"""Patterns of paths as agents take them: one list of them between commas, so that no pattern may hold one."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MOST = 200  # patterns that one may stand for


def spread(paths: Iterable[str]) -> tuple[str, ...]:
    """Return patterns without alternatives in braces: `*.{ts,tsx}` as `*.ts` and `*.tsx`."""
    return tuple(dict.fromkeys(one for path in paths for one in _spread(path)))


def _spread(path: str) -> list[str]:
    done = [path]
    while any(_BRACES.search(one) for one in done) and len(done) <= _MOST:
        done = [new for one in done for new in _once(one)]
    return done


def _once(path: str) -> list[str]:
    found = _BRACES.search(path)
    if found is None:
        return [path]
    return [path[: found.start()] + word + path[found.end() :] for word in found[1].split(",")]


def joined(paths: Iterable[str]) -> str:
    """Return patterns as one text; a blank after a comma would be part of the next pattern."""
    return ",".join(spread(paths))


def fault(path: str) -> str | None:
    """Say why something is no pattern of paths in a repository, or None."""
    if not path.strip() or path != path.strip():
        return "is empty, or has blanks around it"
    if not path.isprintable() or '"' in path or "\\" in path:
        return "has a character that no agent takes in a pattern"
    if path.count("[") != path.count("]") or path.count("{") != path.count("}"):
        return "has a bracket that is not closed"
    if path.startswith(("/", "~", "!")) or ".." in path.split("/"):
        return "does not lie in the repository; write it from the repository's top, such as src/**/*.py"
    if len(_spread(path)) > _MOST:
        return f"stands for more than {_MOST} patterns"
    return "has a comma outside of braces; make it two patterns" if any("," in one for one in _spread(path)) else None
