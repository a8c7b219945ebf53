"""Find the values of a template's variables with which it produces a file, for templates as `init` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

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


Prints = Mapping[str, tuple[str, str]]  # name of the group -> the variable, and its spelling there


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
    written, prints, at = [], dict[str, tuple[str, str]](), 0
    groups: dict[tuple[str, str], str] = {}
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


def _one(
    found: re.Match[str], groups: dict[tuple[str, str], str], prints: dict[str, tuple[str, str]], *, line: bool
) -> str:
    """Return the expression for one tag of a template; a variable that was printed before must repeat its text."""
    if found["literal"] is not None:
        return re.escape(found["said"])
    if found["flag"] is not None:
        spot = (found["name"], "?")
    elif found["lines"] is not None:
        spot = (found["asked"], "lines")
    else:
        spot = (found["variable"], found["spelling"] or "")
    if spot in groups and spot[1] != "?":
        return f"(?P={groups[spot]})"
    group = f"g{len(prints)}"
    groups[spot] = group
    prints[group] = spot
    if spot[1] == "?":
        return f"(?P<{group}>{re.escape(_LITERAL.sub(lambda one: one[1], found['text']))})?"
    if spot[1] == "lines":
        return rf"(?P<{group}>(?:[^\n]*\n)*?)"
    return rf"(?P<{group}>[^\n]*(?:\n[^\n]*)*?)" if line else rf"(?P<{group}>[^\n]*?)"


def _values(prints: Prints, found: Mapping[str, str | None], known: Mapping[str, YamlValue]) -> dict[str, Value] | None:
    values: dict[str, Value] = {}
    for group, (name, spelling) in prints.items():
        text = found[group]
        if spelling == "?":
            values[name] = bool(text)
        elif spelling == "lines":
            values[name] = (text or "").removesuffix("\n")
        elif not spelling and text is not None:
            values[name] = text
    for group, (name, spelling) in prints.items():
        if spelling not in {"", "?", "lines"} and name not in values:
            value = next(
                _unspelled(found[group] or "", spelling, [str(known.get(name, "")), *map(str, known.values())]), None
            )
            if value is None:
                return None
            values[name] = value
    return values


def _unspelled(text: str, spelling: str, known: list[str]) -> Iterator[str]:
    """Yield values that a filter would print as this text."""
    filters = dict(SPELLINGS)
    if spelling in filters:
        yield from (value for value in (*known, text) if value and filters[spelling](value) == text)
