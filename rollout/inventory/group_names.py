"""Where an inventory names groups: under `groups`, and in its targets."""

from __future__ import annotations

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml.nodes import Leaf, Sequence
from rollout.inventory.entries import entry, section
from rollout.model.groups import GroupNames, NamedAt


def group_names(document: yaml_nodes.Mapping) -> GroupNames:
    defined = {group.name: NamedAt(group.place, group.line) for group in section(document, "groups")}
    used: dict[str, NamedAt] = {}
    for target in (*section(document, "repos"), *section(document, "folders")):
        groups = entry(target.node, "groups")
        for item in groups.items if isinstance(groups, Sequence) else ():
            if isinstance(item, Leaf) and isinstance(item.value, str) and item.value not in used:
                used[item.value] = NamedAt(f"{target.place}.groups", item.line)
    return GroupNames(defined, used)
