"""Find texts such as `no` that a template tests with `if`, where any text is true."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rollout.errors import Mistake, Place
from rollout.fleet.load import Loaded
from rollout.showing.colour import count

_MEANT = {"no": "false", "n": "false", "off": "false", "none": "null", "nil": "null"}
_TESTED = re.compile(
    r"\b(?:if|and|or)\s+(?:not\s+)?([^\W\d]\w*)(?!\w|\s*(?:[=!<>.|(\[~+*/%-]|in\b|is\b|not\b)(?![%}]))"
)


def doubtful(loaded: Loaded) -> list[str]:
    """Return a warning for each variable that is tested and says no with a word that YAML and Jinja take for a text."""
    found: dict[Mistake, set[str]] = {}
    for target in loaded.chosen:
        doubts = {name: one.value for name, one in target.variables.items() if _says_no(one.value)}
        for slot in loaded.rendering.slots(target) if doubts else ():
            for source in slot.sources:
                text = loaded.rendering.templates[source.template or ""].content.decode("utf-8", "replace")
                for mistake in _tests(text, f"templates/{source.template}", doubts):
                    found.setdefault(mistake, set()).add(target.name)
    return [f"{mistake} ({_whose(names)})" for mistake, names in found.items()]


def _says_no(value: object) -> bool:
    return isinstance(value, str) and value.lower() in _MEANT


def _tests(text: str, shown: str, doubts: Mapping[str, object]) -> Iterator[Mistake]:
    for number, line in enumerate(text.split("\n"), start=1):
        for name in (match[1] for match in _TESTED.finditer(line)):
            if name in doubts:
                value = str(doubts[name])
                what = f"{name} is the text {value!r}, and any text is true for `if`"
                yield Mistake(what, Place(shown, number), f"write {name}: {_MEANT[value.lower()]}")


def _whose(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else count(len(names), "target")
