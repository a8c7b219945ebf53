"""The variables of an inventory: for every target, for a group, for one target, and from --var."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from rollout.content.yaml.nodes import Fault
from rollout.inventory import event_settings
from rollout.inventory.entries import Source, entry, section
from rollout.model import given_names
from rollout.model.inventory import InInventory, Outside, Variable, YamlValue


def refusal(name: str) -> str | None:
    """Say why no variable may have this name, or None."""
    return given_names.refusal("target" if name == event_settings.NAME else name)


class Variables(Struct, frozen=True):
    """The variables that targets have in common."""

    base: Mapping[str, Variable]
    groups: Mapping[str, Mapping[str, Variable]]
    overrides: Mapping[str, Variable]

    def of(self, groups: Iterable[str], own: Mapping[str, Variable]) -> dict[str, Variable]:
        """Return the variables of one target; a later definition of a name wins."""
        found = dict(self.base)
        for group in groups:
            found.update(self.groups.get(group, {}))
        return {**found, **own, **self.overrides}


def variables(source: Source) -> tuple[Variables, list[Fault]]:
    base, faults = variables_of(source.document.entries.get("vars"), InInventory())
    groups = {}
    for group in section(source.document, "groups"):
        groups[group.name], more = variables_of(entry(group.node, "vars"), InInventory(group.keys))
        faults += more
    overrides = {key: Variable(typed(value), Outside.COMMAND_LINE) for key, value in source.overrides.items()}
    faults += [Fault(0, why, f"--var {name}") for name in sorted(overrides) if (why := refusal(name)) is not None]
    faults += [
        Fault(0, f"{text!r} is not YAML: {wrong}; quote what is text", f"--var {name}")
        for name, text in source.overrides.items()
        if (wrong := _not_given(text)) is not None
    ]
    base |= event_settings.event_settings(source.document.entries.get("events"))
    return Variables(base, groups, overrides), faults


def variables_of(node: yaml_nodes.Node | None, source: InInventory) -> tuple[dict[str, Variable], list[Fault]]:
    """Return the variables that one `vars` sets."""
    if not isinstance(node, yaml_nodes.Mapping):
        return {}, []
    faults = [
        Fault(node.key_lines[name], f"{source}.{name}: {why}")
        for name in node.entries
        if (why := refusal(name)) is not None
    ]
    return {name: Variable(yaml_nodes.written(value), source) for name, value in node.entries.items()}, faults


def _not_given(text: str) -> str | None:
    """Say why a value of --var is not YAML although it begins like a list, a mapping or a quoted text."""
    if text[:1] not in {"[", "{", "'", '"'}:
        return None
    faults = yaml_parse.parse(text)[1]
    return faults[0].message if faults else None


def typed(text: str) -> YamlValue:
    """Read the value of --var as YAML; text, and what is not a single value, stays as it was typed."""
    node, faults = yaml_parse.parse(text)
    if node is None or faults or text != text.strip():
        return text
    match node:
        case yaml_nodes.Leaf(value=None):
            return None if text.lower() in {"null", "~"} else text
        case yaml_nodes.Leaf(value=str(value)):
            return value if text[0] in "'\"" else text
        case yaml_nodes.Leaf():
            return node.value if " " not in text else text
    return yaml_nodes.written(node) if text[0] in "[{" else text
