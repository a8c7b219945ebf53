"""The variables of a proposal: one name for one thing, whatever files it differs in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import count

from msgspec import Struct, field

from rollout.learning import naming
from rollout.learning.naming import PROJECT, PROJECT_TITLE, Setting
from rollout.model.learning import Value
from rollout.safety import secrets

Values = Mapping[str, Value]  # by repository


class Secret(Exception):
    """A difference that looks like a secret, which no inventory should hold; the text names it."""


# Other spellings of a name, and the template's filters for them.
SPELLINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("", lambda text: text),
    ('|replace("-", "_")', lambda text: text.replace("-", "_")),
    ('|replace("_", "-")', lambda text: text.replace("_", "-")),
    ("|lower", str.lower),
    ("|upper", str.upper),
    ('|upper|replace("-", "_")', lambda text: text.upper().replace("-", "_")),
    ("|capitalize", str.capitalize),
    ('|replace("-", " ")|title', lambda text: _title(text.replace("-", " "))),
    ('|replace("-", " ")', lambda text: text.replace("-", " ")),
    ('|replace("-", "")', lambda text: text.replace("-", "")),
)


def _title(text: str) -> str:
    """Return a text as Jinja's `title` spells it."""
    parts = re.split(r"([-\s({\[<]+)", text)
    return "".join(part[0].upper() + part[1:].lower() for part in parts if part)


class Inside(Struct, frozen=True):
    """A repository's name with the same text around it in all repositories."""

    before: str
    name: str
    expression: str
    after: str


class Pool(Struct):
    """All variables; `projects` are the repositories' names, for which `project` is the variable."""

    projects: Mapping[str, str]
    found: dict[str, dict[str, Value]] = field(default_factory=dict)

    def expression(self, values: Values, at: Setting) -> tuple[str, str]:
        """Return the name of a variable with these values, and the expression for a template."""
        spelled = self._spelled(values)
        if spelled is not None:
            return spelled
        for name in self._names(at):
            _refuse_secret(name, values, at)
            if self._fits(name, values):
                self.found.setdefault(name, {}).update(values)
                return name, name
        raise AssertionError("names never end")

    def inside(self, values: Mapping[str, str]) -> Inside | None:
        """Return the affixes of the repository's own name in each of the values, if they are the same in all."""
        if len(set(values.values())) < 2 or any("\n" in value for value in values.values()):
            return None
        for name in (PROJECT, PROJECT_TITLE):
            there = {**self.projects, **self.found.get(name, {})} if name == PROJECT else self.found.get(name, {})
            for suffix, spelling in SPELLINGS if values.keys() <= there.keys() else ():
                around = {_around(value, spelling(str(there[one]))) for one, value in values.items()}
                if len(around) == 1 and (found := around.pop()) is not None:
                    self.found.setdefault(name, {}).update({one: there[one] for one in values})
                    return Inside(found[0], name, name + suffix, found[1])
        return None

    def are_projects(self, values: Values) -> bool:
        """Tell whether each value is its repository's name, except for capitals and the separators between words."""
        return len(set(values.values())) > 1 and all(
            isinstance(value, str) and _bare(value) == _bare(self.projects[name]) for name, value in values.items()
        )

    def _names(self, at: Setting) -> Iterable[str]:
        name = ""
        for name in naming.names(at):
            yield name
        yield from (f"{name}_{number}" for number in count(2))

    def _fits(self, name: str, values: Values) -> bool:
        """Tell whether a name is free, or has exactly these values wherever it is used already."""
        there = self.found.get(name)
        if there is None:
            return name != PROJECT or len(set(values.values())) > 1
        shared = there.keys() & values.keys()
        return all(there[one] == values[one] for one in shared)

    def _spelled(self, values: Values) -> tuple[str, str] | None:
        """Return the variable that has these values in another spelling; the repository's name first."""
        if len(set(values.values())) < 2 or not all(isinstance(value, str) for value in values.values()):
            return None
        known: dict[str, Values] = {PROJECT: {name: self.projects[name] for name in values}, **self.found}
        known[PROJECT] = {**self.projects, **self.found.get(PROJECT, {})}
        for name, there in known.items():
            if not values.keys() <= there.keys() or not _telling(there, values):
                continue
            for suffix, spelling in SPELLINGS:
                if all(spelling(str(there[one])) == values[one] for one in values):
                    self.found.setdefault(name, {}).update({one: there[one] for one in values})
                    return name, name + suffix
        return None


def _around(value: str, name: str) -> tuple[str, str] | None:
    """Return the text before and after a name, if it is a word of its own in a value."""
    found = re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", value) if name else None
    return None if found is None else (value[: found.start()], value[found.end() :])


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _telling(there: Values, values: Values) -> bool:
    """Tell whether equal values can hardly be equal by chance: words, and numbers of several digits."""
    return all(re.search(r"[^\W\d_]{2}|[\d.]{3}", str(there[one])) for one in values)


def _refuse_secret(name: str, values: Values, at: Setting) -> None:
    if any(True for value in values.values() for _ in secrets.named({name: value})):
        raise Secret(f"{at.path}: what differs at {at.before.strip()[:40]!r} looks like a secret")
