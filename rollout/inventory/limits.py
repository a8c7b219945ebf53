"""`budgets` and `forbid` of the inventory as values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import filter as filter_names
from typing import Any

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml.nodes import Fault
from rollout.errors import near
from rollout.inventory.entries import list_of
from rollout.model.groups import GroupNames
from rollout.model.inventory import Target
from rollout.model.limits import Budget, Forbidden


def _settings(node: yaml_nodes.Node) -> dict[str, Any]:
    """Return an entry's settings as plain data."""
    return dict(yaml_nodes.plain(node)) if isinstance(node, yaml_nodes.Mapping) else {}


def budgets(node: yaml_nodes.Node | None) -> tuple[Budget, ...]:
    """Return the budgets that the inventory names."""
    return tuple(_budget(item) for item in _items(node))


def _budget(node: yaml_nodes.Node) -> Budget:
    said = _settings(node)
    return Budget(
        str(said.get("name", "")),
        tuple(list_of(node, "files")),
        said.get("follow") == "imports",
        said.get("max_chars"),
        said.get("max_tokens"),
        float(said.get("warn", 0.9)) if isinstance(said.get("warn", 0.9), int | float) else 0.9,
    )


def forbids(node: yaml_nodes.Node | None) -> tuple[Forbidden, ...]:
    """Return what the inventory forbids."""
    return tuple(_forbidden(item) for item in _items(node))


def _forbidden(node: yaml_nodes.Node) -> Forbidden:
    said = _settings(node)
    return Forbidden(
        str(said.get("text") or said.get("pattern") or ""),
        "text" not in said,
        tuple(list_of(node, "except")),
        tuple(list_of(node, "targets")),
        str(said.get("why", "")),
        said.get("block") is True,
    )


def faults(budgets_node: yaml_nodes.Node | None, forbid_node: yaml_nodes.Node | None) -> Iterator[Fault]:
    """Yield what is wrong with either beyond what the shapes check."""
    for item in _items(budgets_node):
        said = _settings(item)
        if "max_chars" not in said and "max_tokens" not in said:
            yield Fault(item.line, f"budgets.{said.get('name', '')}: needs 'max_chars' or 'max_tokens'")
    for item in _items(forbid_node):
        said = _settings(item)
        if ("text" in said) == ("pattern" in said):
            yield Fault(item.line, "forbid: takes either 'text' or 'pattern'")
        for key in said.keys() & {"text", "pattern"}:
            if why := _fault(str(said[key]), is_pattern=key == "pattern"):
                yield Fault(item.line, f"forbid.{key}: {why}")


def unmatched(node: yaml_nodes.Node | None, targets: Iterable[Target], groups: GroupNames) -> Iterator[Fault]:
    """Yield a fault for each word of `forbid` that names no target and no group: such a rule would guard nothing."""
    names = {name for target in targets for name in (target.name, *target.groups)} | groups.defined.keys()
    for number, item in enumerate(_items(node)):
        for word in (word.removeprefix("!") for word in list_of(item, "targets")):
            if names and not filter_names(names, word):
                what = f"forbid[{number}].targets: {word!r} matches no target and no group"
                yield Fault(item.line, f"{what}{near(word, names)}")


def _fault(words: str, *, is_pattern: bool) -> str | None:
    from rollout.content import forbidden  # few inventories forbid anything

    return forbidden.fault(words, is_pattern=is_pattern)


def _items(node: yaml_nodes.Node | None) -> tuple[yaml_nodes.Node, ...]:
    return node.items if isinstance(node, yaml_nodes.Sequence) else ()
