"""Names of calls that hold from run to run: "before rename */api/.git/index #1"; numbers of calls do not."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tests.faults.shim import Call, Fault

# What differs from run to run, or from room to room, in the paths of calls.
_VARIES = (
    (re.compile(r"tmp_(obj|pack|idx|rev)_\w+"), r"tmp_\1_*"),
    (re.compile(r"incoming-\w+"), "incoming-*"),
    (re.compile(r"workshops/[^/]*?(api|web|solo)(-git)?-[0-9a-f]{8,}"), r"workshops/*\1\2-*"),
    (re.compile(r"/[0-9a-f]{2}(?=/|$)"), "/??"),
    (re.compile(r"[0-9a-f]{6,}|\d{3,}"), "*"),
    (re.compile(r"\*(-?\*)+"), "*"),
)
_POINT = re.compile(r"(before|after) (\w+) (.+) #(\d+)")


@dataclass(frozen=True)
class Point:
    """The n-th call of a name on paths like one, or the moment after it."""

    call: str
    path: str
    at: int
    after: bool = False

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.call} {self.path} #{self.at}"

    def put_in(self, fault: Fault) -> Fault:
        return replace(fault, call=self.call, path=self.path, at=self.at, after=self.after)


def parsed(text: str) -> Point:
    """Return the point that a name tells."""
    found = _POINT.fullmatch(text)
    if found is None:
        raise ValueError(f"not a point: {text!r}; write: before|after CALL PATTERN #N")
    when, call, path, at = found.groups()
    return Point(call, path, int(at), when == "after")


def like(path: str) -> str:
    """Return the pattern of a path: what is chance in it is a star."""
    _, live, inside = path.partition("/live/")
    pattern = inside if live else path.rpartition("/")[2]
    for varies, star in _VARIES:
        pattern = varies.sub(star, pattern)
    return f"*/live/{pattern}" if live else f"*/{pattern}"


def of(calls: Iterable[Call]) -> Iterator[tuple[Call, Point]]:
    """Yield each call with its name."""
    listed = list(calls)
    patterns = {path: like(path) for path in {call.path for call in listed}}
    known: dict[tuple[str, str], list[str]] = {}
    for name in {call.name for call in listed}:
        globs = sorted({patterns[call.path] for call in listed if call.name == name})
        for path in {call.path for call in listed if call.name == name}:
            known[name, path] = [glob for glob in globs if fnmatch.fnmatchcase(path, glob)]
    counts: Counter[tuple[str, str]] = Counter()
    for call in listed:
        for glob in known[call.name, call.path]:
            counts[call.name, glob] += 1
        pattern = patterns[call.path]
        yield call, Point(call.name, pattern, counts[call.name, pattern])
