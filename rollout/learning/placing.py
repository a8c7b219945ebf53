"""Decide where to set variables: for all, for a group, or for one repository."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from rollout.model.learning import Form, Learned, Value

Values = Mapping[str, Mapping[str, Value]]  # by variable, then by repository


class Placed(Struct, frozen=True):
    """The `vars` of an inventory: for all, for groups and for repositories."""

    common: dict[str, Value] = field(default_factory=dict)
    groups: dict[str, dict[str, Value]] = field(default_factory=dict)
    own: dict[str, dict[str, Value]] = field(default_factory=dict)


def values_of(files: Iterable[Learned]) -> dict[str, dict[str, Value]]:
    """Return the values of the learned files' variables in each repository."""
    found: dict[str, dict[str, Value]] = {}
    for one in files:
        if one.form is not Form.SKIP:
            for name, values in one.values.items():
                found.setdefault(name, {}).update(values)
    return found


def placed(values: Values, groups: Mapping[str, Sequence[str]]) -> Placed:
    """Return where to set variables: a common value for all, a group's common value for the group."""
    found = Placed()
    for name, by_repository in values.items():
        _place(name, by_repository, groups, found)
    return found


def _place(name: str, values: Mapping[str, Value], groups: Mapping[str, Sequence[str]], found: Placed) -> None:
    common = _most(values.values())
    if common is not None:
        found.common[name] = common
    effective: dict[str, Value | None] = dict.fromkeys(values, common)
    for group, members in groups.items():
        theirs = {values[one] for one in members if one in values}
        several = sum(one in values for one in members) > 1
        if several and len(theirs) == 1 and theirs != {common}:
            value = theirs.pop()
            found.groups.setdefault(group, {})[name] = value
            effective |= {one: value for one in members if one in values}
    for one, value in values.items():
        if effective[one] is None or effective[one] != value:
            found.own.setdefault(one, {})[name] = value


def _most(values: Iterable[Value]) -> Value | None:
    """Return the value that more than half of the repositories, and at least two, have."""
    all_values = list(values)
    value, number = Counter(all_values).most_common(1)[0]
    return value if number > 1 and number * 2 > len(all_values) else None
