"""Find texts such as `no` that a template tests with `if`, where any text is true."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

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
    """Return a warning for each variable that is tested and says no with a word that YAML and Jinja take for a text.

    `names` are the variables to look at, or None for all.
    """
    found: dict[Mistake, set[str]] = {}
    for target in loaded.chosen:
        looked_at = target.variables if names is None else target.variables.keys() & names
        doubts = {name: target.variables[name] for name in looked_at if _says_no(target.variables[name].value)}
        for slot in _slots(loaded, target) if doubts else ():
            for source in slot.sources:
                text = loaded.rendering.templates[source.template or ""].content.decode("utf-8", "replace")
                for mistake in _tests(text, f"templates/{source.template}", doubts):
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


def _whose(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else count(len(names), "target")
