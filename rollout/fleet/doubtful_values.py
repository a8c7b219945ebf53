"""Find values that templates use as nobody means it: texts such as `no` tested with `if`, `true` printed as `True`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from rollout.errors import Mistake, Place
from rollout.fleet.load import Loaded
from rollout.model.files import Slot
from rollout.model.inventory import Outside, Target, Variable
from rollout.rendering.template_fault import TemplateFault
from rollout.showing.colour import count

_MEANT = {"no": "false", "n": "false", "off": "false", "none": "null", "nil": "null"}
_TESTED = re.compile(
    r"\b(?:if|and|or)\s+(?:not\s+)?([^\W\d]\w*)(?!\w|\s*(?:[=!<>.|(\[~+*/%-]|in\b|is\b|not\b)(?![%}]))"
)


def doubtful(loaded: Loaded, names: Collection[str] | None = None) -> list[str]:
    """Return a warning for each place where a template uses a value as nobody means it.

    There, a variable is tested that says no with a word that YAML and Jinja take for a text, or one is printed that
    Python spells unlike anybody else. `names` are the variables to look at, or None for all.
    """
    found: dict[Mistake, set[str]] = {}
    for target in loaded.chosen:
        looked_at = target.variables if names is None else target.variables.keys() & names
        values = {name: target.variables[name] for name in looked_at}
        texts = {name: variable for name, variable in values.items() if _says_no(variable.value)}
        others = {name: variable.value for name, variable in values.items() if _may_hold_pythons(variable.value)}
        for slot in _slots(loaded, target) if texts or others else ():
            for source in slot.sources:
                text = loaded.rendering.templates[source.template or ""].content.decode("utf-8", "replace")
                shown = f"templates/{source.template}"
                for mistake in (*_tests(text, shown, texts), *_prints(text, shown, others, slot)):
                    found.setdefault(mistake, set()).add(target.name)
    return [f"{mistake} ({_whose(whose)})" for mistake, whose in found.items()]


def _slots(loaded: Loaded, target: Target) -> list[Slot]:
    try:
        return loaded.rendering.slots(target)
    except TemplateFault:
        return []  # reported where the target is rendered


def _says_no(value: object) -> bool:
    return isinstance(value, str) and value.lower() in _MEANT


def _tests(text: str, shown: str, doubts: Mapping[str, Variable]) -> Iterator[Mistake]:
    for number, line in enumerate(text.split("\n"), start=1):
        for name in (match[1] for match in _TESTED.finditer(line)):
            if name in doubts:
                what = f"{name} is the text {str(doubts[name].value)!r}, and any text is true for `if`"
                yield Mistake(what, Place(shown, number), _meant(name, doubts[name]))


def _meant(name: str, variable: Variable) -> str:
    meant = _MEANT[str(variable.value).lower()]
    return f"give --var {name}={meant}" if variable.source is Outside.COMMAND_LINE else f"write {name}: {meant}"


def _may_hold_pythons(value: object) -> bool:
    return value is None or isinstance(value, bool | list | dict)


def _prints(text: str, shown: str, values: Mapping[str, object], slot: Slot) -> Iterator[Mistake]:
    """Yield where a value is printed as it stands that only Python would read, unless it is for Python."""
    if not values or slot.path.suffix == ".py" or not slot.is_rendered:
        return
    begins, ends = slot.rule.delimiters.marks.expression
    for number, name in _printed(text, begins, ends):
        value = _at(values, name.split("."))
        if _may_hold_pythons(value):
            way = f"write {begins} {name} | tojson {ends}"
            yield Mistake(f"{name} prints as {_short(value)}, as Python spells it", Place(shown, number), way)


@cache  # a template is that of many targets
def _printed(text: str, begins: str, ends: str) -> tuple[tuple[int, str], ...]:
    """Return the names that a template prints as they stand, each with its line."""
    printed = re.compile(rf"{re.escape(begins)}[-+]?\s*([^\W\d]\w*(?:\.\w+)*)\s*[-+]?{re.escape(ends)}")
    lines = enumerate(text.split("\n"), start=1)
    return tuple((number, match[1]) for number, line in lines for match in printed.finditer(line))


def _at(values: Mapping[str, object], keys: list[str]) -> object:
    """Return what is at these keys; a text if nothing is, which prints as it is."""
    found: object = values
    for key in keys:
        found = found.get(key, "") if isinstance(found, Mapping) else ""
    return found


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _whose(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else count(len(names), "target")
