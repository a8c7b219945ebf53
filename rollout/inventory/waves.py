"""`waves`, `max_open` and `per_hour` of the inventory as values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import filter as filter_names

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml.nodes import Fault, Leaf, Node, Sequence
from rollout.errors import near
from rollout.inventory.entries import entry, list_of, text_of
from rollout.model.inventory import Target
from rollout.model.waves import Pace, Wave

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"(\d+)\s*([smhd])")


def pace(document: yaml_nodes.Mapping) -> Pace:
    return Pace(tuple(map(_wave, _items(document))), _number(document, "max_open"), _number(document, "per_hour"))


def faults(document: yaml_nodes.Mapping) -> Iterator[Fault]:
    for number, node in enumerate(_items(document)):
        within = text_of(node, "within")
        if within is not None and _SPAN.fullmatch(within) is None:
            yield Fault(node.line, f"waves[{number}].within: {within!r} is not a time; write 90s, 30m or 2h")
        if _told(node) and not _limits(node):
            yield Fault(node.line, f"waves[{number}].limit: takes names, groups or globs of its targets")


def unmatched(document: yaml_nodes.Mapping, targets: Iterable[Target]) -> Iterator[Fault]:
    """Yield a fault for each word of a wave that names no target, which --limit would not take either."""
    names = {name for target in targets for name in (target.name, *target.groups)}
    for number, node in enumerate(_items(document)):
        for word in _limits(node):
            if names and not filter_names(names, word):
                what = f"waves[{number}].limit: {word!r} matches no target and no group"
                yield Fault(node.line, f"{what}{near(word, names)}")


def _items(document: yaml_nodes.Mapping) -> tuple[Node, ...]:
    found = document.entries.get("waves")
    return found.items if isinstance(found, Sequence) else ()


def _wave(node: Node) -> Wave:
    span = _SPAN.fullmatch(text_of(node, "within") or "")
    within = float(int(span[1]) * _UNITS[span[2]]) if span else 600.0
    return Wave(_limits(node), text_of(node, "gate"), within)


def _limits(node: Node) -> tuple[str, ...]:
    return tuple(word.strip() for text in _told(node) for word in text.split(",") if word.strip())


def _told(node: Node) -> list[str]:
    """Return the texts of `limit`; the description tells of what is none."""
    alone = text_of(node, "limit")
    return [text for text in ([alone] if alone is not None else list_of(node, "limit")) if text]


def _number(document: yaml_nodes.Mapping, key: str) -> int | None:
    found = entry(document, key)
    return found.value if isinstance(found, Leaf) and type(found.value) is int else None
