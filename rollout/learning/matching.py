"""Find the values of a template's variables with which it produces a file, for templates as `init` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import assert_never

from msgspec import Struct

from rollout.learning.variables import SPELLINGS
from rollout.model.delimiters import Delimiters
from rollout.model.inventory import YamlValue
from rollout.model.learning import Value

_NAME = r"[A-Za-z_]\w*"
_LITERAL = re.compile(r'(?:\{\{|<<) "([^"]*)" (?:\}\}|>>)')
_LARGEST = 100_000  # characters of a file that is matched
_MOST = 40  # variables of a template that is matched


def matched(
    template: str, delimiters: Delimiters, text: str, known: Mapping[str, YamlValue], *, part: bool = False
) -> dict[str, Value] | None:
    """Return the values of a template's variables with which it produces this text, or `part` of it; None if none do.

    A text may be read in several ways, and a person's own template in none: the caller renders the template with the
    answer, and compares. `known` are values that are tried first.
    """
    if len(text) > _LARGEST:
        return None
    pattern = _pattern(template.removesuffix("\n") if part else template, delimiters)
    if pattern is None:
        return None
    expression, prints = pattern
    if part:
        expression = rf"(?:\A|(?<=\n)){expression}(?=\n|\Z)"
    found = re.search(expression, text) if part else re.fullmatch(expression, text)
    return None if found is None else _values(prints, found.groupdict(), known)


class _Printed(Struct, frozen=True):
    """A variable printed as part of a line, in a spelling: as it is, or by a filter."""

    name: str
    spelling: str


class _Lines(Struct, frozen=True):
    """A variable printed as whole lines, or as none."""

    name: str


class _Flag(Struct, frozen=True):
    """A variable that decides whether lines are there."""

    name: str


_Spot = _Printed | _Lines | _Flag
Prints = Mapping[str, _Spot]  # by the name of the group


def _pattern(template: str, delimiters: Delimiters) -> tuple[str, Prints] | None:
    """Return a regular expression for the template's texts; None for more than variables and plain conditions."""
    opens, closes, begins, ends = map(re.escape, (*delimiters.marks.expression, *delimiters.marks.statement))
    mark = re.compile(
        rf'(?P<literal>{opens} "(?P<said>[^"]*)" {closes})'
        rf"|(?P<lines>{begins} if (?P<asked>{_NAME}) {ends}\n{opens} (?P=asked) {closes}\n{begins} endif {ends}\n)"
        rf"|(?P<flag>{begins} if (?P<name>{_NAME}) {ends}\n(?P<text>.*?){begins} endif {ends}\n)"
        rf"|(?P<print>{opens} (?P<variable>{_NAME})(?P<spelling>\|[^{{}}<>]*?)? {closes})",
        re.DOTALL,
    )
    written, prints, at = [], dict[str, _Spot](), 0
    groups: dict[_Spot, str] = {}
    for found in mark.finditer(template):
        plain = template[at : found.start()]
        written.append(re.escape(plain))
        at = found.end()
        alone = plain.endswith("\n") or found.start() == 0
        written.append(_one(found, groups, prints, line=alone and template[at : at + 1] == "\n"))
    written.append(re.escape(template[at:]))
    rest = mark.sub("", template)
    odd = any(one in rest for one in delimiters.marks.opening[:2])
    return None if odd or len(groups) > _MOST else ("".join(written), prints)


def _one(found: re.Match[str], groups: dict[_Spot, str], prints: dict[str, _Spot], *, line: bool) -> str:
    """Return the expression for one tag of a template; a variable that was printed before must repeat its text."""
    if found["literal"] is not None:
        return re.escape(found["said"])
    spot = _spot(found)
    if spot in groups and not isinstance(spot, _Flag):
        return f"(?P={groups[spot]})"
    group = f"g{len(prints)}"
    groups[spot] = group
    prints[group] = spot
    match spot:
        case _Flag():
            return f"(?P<{group}>{re.escape(_LITERAL.sub(lambda one: one[1], found['text']))})?"
        case _Lines():
            return rf"(?P<{group}>(?:[^\n]*\n)*?)"
        case _Printed():
            return rf"(?P<{group}>[^\n]*(?:\n[^\n]*)*?)" if line else rf"(?P<{group}>[^\n]*?)"
        case never:
            assert_never(never)


def _spot(found: re.Match[str]) -> _Spot:
    if found["flag"] is not None:
        return _Flag(found["name"])
    if found["lines"] is not None:
        return _Lines(found["asked"])
    return _Printed(found["variable"], found["spelling"] or "")


def _values(prints: Prints, found: Mapping[str, str | None], known: Mapping[str, YamlValue]) -> dict[str, Value] | None:
    values: dict[str, Value] = {}
    spelled: list[tuple[str, _Printed]] = []
    for group, spot in prints.items():
        text = found[group]
        match spot:
            case _Flag(name):
                values[name] = bool(text)
            case _Lines(name):
                values[name] = (text or "").removesuffix("\n")
            case _Printed(name, ""):
                values |= {} if text is None else {name: text}
            case _Printed():
                spelled.append((text or "", spot))
            case never:
                assert_never(never)
    for text, spot in spelled:
        if spot.name not in values:
            tried = [str(known.get(spot.name, "")), *map(str, known.values())]
            value = next(_unspelled(text, spot.spelling, tried), None)
            if value is None:
                return None
            values[spot.name] = value
    return values


def _unspelled(text: str, spelling: str, known: list[str]) -> Iterator[str]:
    """Yield values that a filter would print as this text."""
    filters = dict(SPELLINGS)
    if spelling in filters:
        yield from (value for value in (*known, text) if value and filters[spelling](value) == text)
