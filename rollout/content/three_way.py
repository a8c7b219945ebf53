"""Three-way merge of text, line by line: both sides' changes or nothing, never a marker."""

from __future__ import annotations


class MergeConflict(ValueError):
    """Both sides changed the same lines differently; `line` is the line of our side, the file, counted from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"both sides changed line {line}")
        self.line = line

    @property
    def told(self) -> str:
        """How a person's change is told that meets one of the template."""
        return f", and {self}; the template did too"


class PartDeleted(MergeConflict):
    """A person took our part out of the file."""

    @property
    def told(self) -> str:
        return "; they took rollout's part out, and a deletion cannot be merged"


class EntryDeleted(MergeConflict):
    """An entry that a person wrote into leaves the template."""

    @property
    def told(self) -> str:
        return "; a deletion cannot be merged"


class PartUnclear(MergeConflict):
    """A person changed lines of which it is not clear which are ours."""

    @property
    def told(self) -> str:
        return f", and which lines are rollout's is not clear at line {self.line}; put its markers around them"


def merge(base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Return `base` with the changes of both sides; raise MergeConflict if they overlap or touch."""
    if ours == theirs or base == theirs:
        return ours
    if base == ours:
        return theirs
    if b"\0" in base + ours + theirs:
        raise MergeConflict(1)
    lines = [text.splitlines(keepends=True) for text in (base, ours, theirs)]
    return b"".join(_merge(*lines))


def _merge(base: list[bytes], ours: list[bytes], theirs: list[bytes]) -> list[bytes]:
    """Walk both edit scripts in step: unchanged base lines are copied, hunks of one side taken, clashes refused."""
    left, right = hunks(base, ours), hunks(base, theirs)
    merged: list[bytes] = []
    at = i = j = 0
    while i < len(left) or j < len(right):
        one = left[i] if i < len(left) else None
        two = right[j] if j < len(right) else None
        if one is not None and two is not None and _same(one, two):
            start, end, text = one
            i, j = i + 1, j + 1
        elif one is not None and two is not None and _touch(one, two):
            raise MergeConflict(_line_in_ours(left[:i], min(one[0], two[0])))
        elif two is None or (one is not None and one[0] < two[0]):
            assert one is not None
            start, end, text = one
            i += 1
        else:
            start, end, text = two
            j += 1
        merged += base[at:start]
        merged += text
        at = end
    return merged + base[at:]


Hunk = tuple[int, int, list[bytes]]


def hunks(base: list[bytes], side: list[bytes]) -> list[Hunk]:
    """Return what one side changed: the first line of the base, the line behind the last, and what stands there now."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, base, side, autojunk=False)
    return [(i1, i2, side[j1:j2]) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]


def _line_in_ours(before: list[Hunk], line: int) -> int:
    """Return where a line of the base stands in our side, counted from 1, from the hunks before it."""
    return line + 1 + sum(len(text) - (end - start) for start, end, text in before)


def _same(one: Hunk, two: Hunk) -> bool:
    return one == two


def _touch(one: Hunk, two: Hunk) -> bool:
    """Adjacent hunks clash too, as in diff3: only a person can tell whether they belong together."""
    return one[0] <= two[1] and two[0] <= one[1]
