"""Names of groups, and where the inventory names them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class NamedAt(Struct, frozen=True):
    """Where the inventory names something first: the place of the entry, and the line."""

    place: str
    line: int


class GroupNames(Struct, frozen=True):
    """The groups that stand under `groups`, and those that targets are in."""

    defined: Mapping[str, NamedAt] = field(default_factory=dict)
    used: Mapping[str, NamedAt] = field(default_factory=dict)
