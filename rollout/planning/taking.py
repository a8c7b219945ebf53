"""Find the edits of a template and of variables with which a rendered text reads as a person wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from msgspec import Struct

from rollout.content import kept_ends
from rollout.model.delimiters import Delimiters
from rollout.model.tracing import Segment

_WORDS = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")


class Rewrite(Struct, frozen=True):
    """A part of a text to replace."""

    start: int
    end: int
    text: str

    def moved(self, by: int) -> Rewrite:
        """Return the same edit of a text that begins elsewhere."""
        return Rewrite(self.start + by, self.end + by, self.text)


class Taken(Struct, frozen=True):
    """Edits of templates by name, values of variables by name, and the lines that cannot be produced so."""

    edits: dict[str, tuple[Rewrite, ...]]
    values: dict[str, str]
    refused: tuple[str, ...] = ()


class _Placed(Struct, frozen=True):
    """A segment, and the place of its text in the whole."""

    segment: Segment
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.segment.text)


def taken(segments: Sequence[Segment], wanted: str, variables: Iterable[str]) -> Taken:
    """Return what has to change for the segments to produce `wanted`; `variables` are those that can be set."""
    placed = list(_placed(segments))
    known = set(variables)
    edits: dict[str, set[Rewrite]] = {}
    inside: dict[_Placed, list[Rewrite]] = {}
    refused: list[str] = []
    rendered = "".join(segment.text for segment in segments)
    for edit in differences(rendered, wanted):
        where = _where(placed, edit)
        if where is not None and where.segment.literal:
            edits.setdefault(where.segment.template, set()).add(edit.moved(where.segment.start - where.start))
        elif where is not None and where.segment.variable in known:
            inside.setdefault(where, []).append(edit.moved(-where.start))
        else:
            refused.append(_refusal(placed, edit, rendered))
    values, unfit = _values(inside)
    refused += unfit
    ordered = {name: tuple(sorted(found, key=lambda one: one.start)) for name, found in edits.items()}
    refused += [f"templates/{name}: one place would have to say several things" for name in _overlapping(ordered)]
    return Taken(ordered, values, tuple(dict.fromkeys(refused)))


def _values(inside: Mapping[_Placed, Sequence[Rewrite]]) -> tuple[dict[str, str], list[str]]:
    """Return the values that variables need for the edits of what they printed, and what no value can say."""
    values: dict[str, str] = {}
    refused: list[str] = []
    for where, edits in inside.items():
        name = where.segment.variable or ""
        value = applied(where.segment.text, edits)
        if "\n" in value and "\n" not in where.segment.text:
            refused.append(f"{_place(where.segment)}: a line end after {name}, which the template would have to say")
        elif values.setdefault(name, value) != value:
            refused.append(f"{_place(where.segment)}: {name} would have to be {values[name]!r} and {value!r}")
    return values, refused


def applied(text: str, edits: Iterable[Rewrite]) -> str:
    """Return a text with edits applied that do not overlap."""
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def edited(text: str, edits: Iterable[Rewrite]) -> str:
    """Apply edits of a text in which each line end counts as one character; the lines that they add end as others."""
    at = kept_ends.places(text)
    return applied(text, [_in_place(text, at[one.start], at[one.end], one.text) for one in edits])


def _in_place(text: str, start: int, end: int, new: str) -> Rewrite:
    return Rewrite(start, end, new.replace("\n", kept_ends.newline_at(text, start)))


def read_as_code(told: str, wanted: str, delimiters: Delimiters, above: int) -> list[str]:
    """Return the new lines in which a template would find code; `above` are the lines of the file before the text."""
    lines, found = wanted.split("\n"), []
    (begin, end), marks = delimiters.marks.statement, delimiters.marks.opening
    for _, _, _, first, last in _changed(told.split("\n"), lines):
        for number in range(first, last):
            mark = next((mark for mark in marks if mark in lines[number]), None)
            if mark is not None:
                found.append(
                    f"line {above + number + 1} has {mark!r}, which the template would read as Jinja; write it there "
                    f"by hand, between {begin} raw {end} and {begin} endraw {end}"
                )
    return found


def _overlapping(edits: dict[str, tuple[Rewrite, ...]]) -> Iterator[str]:
    for name, found in edits.items():
        if any(one.end > two.start or one.start == two.start for one, two in pairwise(found)):
            yield name


def _placed(segments: Iterable[Segment]) -> Iterator[_Placed]:
    place = 0
    for segment in segments:
        yield _Placed(segment, place)
        place += len(segment.text)


def differences(before: str, after: str) -> Iterator[Rewrite]:
    """Yield the smallest edits from one text to the other: lines first, then words within them."""
    one, two = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = _starts(one)
    for _, i1, i2, j1, j2 in _changed(one, two):
        old, new = "".join(one[i1:i2]), "".join(two[j1:j2])
        words, others = _WORDS.findall(old), _WORDS.findall(new)
        inner = _starts(words)
        for _, k1, k2, l1, l2 in _changed(words, others):
            yield Rewrite(starts[i1] + inner[k1], starts[i1] + inner[k2], "".join(others[l1:l2]))


def _changed(one: Sequence[str], two: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    return (found for found in matcher.get_opcodes() if found[0] != "equal")


def _starts(parts: Iterable[str]) -> list[int]:
    found = [0]
    for part in parts:
        found.append(found[-1] + len(part))
    return found


def _where(placed: Sequence[_Placed], edit: Rewrite) -> _Placed | None:
    """Return the segment that contains an edit; between two segments, the template's own text."""
    around = [one for one in placed if one.start <= edit.start and edit.end <= one.end]
    return next((one for one in around if one.segment.literal), around[0] if around else None)


def _refusal(placed: Sequence[_Placed], edit: Rewrite, rendered: str) -> str:
    """Say which line of the file cannot be taken, and what made it."""
    line = rendered.count("\n", 0, edit.start) + 1
    touched = [one.segment for one in placed if one.start < edit.end and edit.start < one.end] or [
        one.segment for one in placed if one.start <= edit.start <= one.end
    ]
    code = next((one for one in touched if not one.literal), touched[0] if touched else None)
    if code is not None and not code.template:
        return f"line {line} stands around the texts of rules; what it says may become a rule (rules/NAME.md)"
    return f"line {line}" + (f", made at {_place(code)}" if code is not None else "")


def _place(segment: Segment) -> str:
    return f"templates/{segment.template}:{segment.line}"
