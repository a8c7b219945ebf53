"""Set the variables of a target in the text of an inventory; every other byte stays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import assert_never

from msgspec import Struct

from rollout.content.documents import merge
from rollout.content.documents.ours import past
from rollout.content.yaml import parse as yaml_parse
from rollout.content.yaml.nodes import Leaf
from rollout.learning.inventory_text import text_of
from rollout.model.inventory import FormatName, InInventory, Outside, SetWhere, Target, TargetKind, YamlValue


class SetElsewhere(Exception):
    """A variable that is not set in the inventory; the text says where it is."""


class NewValue(Struct, frozen=True):
    """The value that a variable would need, its present value, and what sets it."""

    name: str
    new: str
    old: YamlValue
    source: InInventory | Outside


def new_value(target: Target, name: str, new: str) -> NewValue:
    variable = target.variables[name]
    return NewValue(name, new, variable.value, variable.source)


def with_values(text: bytes, target: Target, where: SetWhere | None, values: Iterable[NewValue]) -> bytes:
    """Return an inventory that sets values for a target alone, or where they are set now."""
    kind = merge.MergedFile(PurePosixPath("inventory.yaml"), FormatName.YAML)
    for value in values:
        path = _set_now(value) if where is SetWhere.EVERYWHERE else _own(target, value)
        lines = [f"{'  ' * depth}{text_of(key)}:" for depth, key in enumerate(path)]
        text = merge.merged(text, ("\n".join(lines) + f" {_spelled(value)}\n").encode(), past.Ours(), kind)
    return text


def _own(target: Target, value: NewValue) -> list[str]:
    return ["repos" if target.kind is TargetKind.REPO else "folders", target.name, "vars", value.name]


def _set_now(value: NewValue) -> list[str]:
    """Return the keys under which a variable is set."""
    match value.source:
        case InInventory(keys):
            return [*keys, "vars", value.name]
        case Outside():
            raise SetElsewhere(f"{value.name} is set by {value.source}, and not in the inventory")
        case never:
            assert_never(never)


def _spelled(value: NewValue) -> str:
    """Return a value as YAML: of the kind that it has now, if the new one can be read so."""
    node, faults = yaml_parse.parse(value.new)
    is_text = faults or not isinstance(node, Leaf) or isinstance(node.value, str)
    return text_of(value.new) if isinstance(value.old, str) or is_text else value.new
