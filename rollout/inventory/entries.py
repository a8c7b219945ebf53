"""Read single entries of the inventory as typed values."""

from __future__ import annotations

from typing import Any

from rollout.content import yaml_nodes

RESERVED = {"target", "path", "machine", "machines"}


def entry(node: yaml_nodes.Node | None, key: str) -> yaml_nodes.Node | None:
    return node.entries.get(key) if isinstance(node, yaml_nodes.Mapping) else None


def text_of(node: yaml_nodes.Node | None, key: str) -> str | None:
    found = entry(node, key)
    return found.value if isinstance(found, yaml_nodes.Scalar) and isinstance(found.value, str) else None


def list_of(node: yaml_nodes.Node | None, key: str) -> list[str]:
    found = entry(node, key)
    items = yaml_nodes.plain(found) if isinstance(found, yaml_nodes.Sequence) else []
    return [item for item in items if isinstance(item, str)]


def settings_of(node: yaml_nodes.Node) -> dict[str, Any]:
    return dict(yaml_nodes.plain(node)) if isinstance(node, yaml_nodes.Mapping) else {}
