"""The inventory's settings for events as a variable of every template, without anything that could hold a password."""

from __future__ import annotations

from rollout.content.yaml import nodes as yaml_nodes
from rollout.model.inventory import Outside, Variable

NAME = "event_settings"
OFFERED = ("stale_after", "capture")


def event_settings(node: yaml_nodes.Node | None) -> dict[str, Variable]:
    """Return the variable; none if the inventory has no such settings, so that a template's own default counts."""
    said = yaml_nodes.plain(node) if isinstance(node, yaml_nodes.Mapping) else {}
    offered = {name: said[name] for name in OFFERED if name in said}
    return {NAME: Variable(offered, Outside.EVENTS)} if offered else {}
