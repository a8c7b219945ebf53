"""Where an inventory names groups: under `groups`, and in its targets."""

from __future__ import annotations

from rollout.content import yaml_nodes
from rollout.content.yaml_nodes import Sequence
from rollout.inventory.entries import entry, section
from rollout.model.groups import GroupNames, NamedAt


def group_names(document: yaml_nodes.Mapping) -> GroupNames:
    defined = {group.name: NamedAt(group.place, group.line) for group in section(document, "groups")}
    used: dict[str, NamedAt] = {}
    for target in (*section(document, "repos"), *section(document, "folders")):
        groups = entry(target.node, "groups")
        for item in groups.items if isinstance(groups, Sequence) else ():
            name = yaml_nodes.plain(item)
            if isinstance(name, str) and name not in used:
                used[name] = NamedAt(f"{target.place}.groups", item.line)
    return GroupNames(defined, used)
