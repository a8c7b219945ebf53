"""Read single entries of the inventory as typed values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml.nodes import Fault
from rollout.model.reviews import Forge, Origin
from rollout.safety.shown import redact


class Source(Struct, frozen=True):
    """Everything that an inventory is read from."""

    document: yaml_nodes.Mapping
    path: Path
    sets: Collection[str]  # the existing template sets
    root: Path
    overrides: Mapping[str, str]  # --var
    origin: Origin = Origin()
    forges: Mapping[str, Forge] = field(default_factory=dict)


class Entry(Struct, frozen=True):
    """One entry of a section whose names the person chose."""

    section: str
    name: str
    node: yaml_nodes.Node
    line: int

    @property
    def keys(self) -> tuple[str, ...]:
        return self.section, self.name

    @property
    def place(self) -> str:
        return ".".join(self.keys)

    @property
    def is_judged(self) -> bool:
        """Tell whether what it lacks is worth telling: of what is no mapping, the description of its keys tells."""
        missing = isinstance(self.node, yaml_nodes.Leaf) and self.node.value is None
        return missing or isinstance(self.node, yaml_nodes.Mapping)

    def fault(self, what: str, line: int | None = None) -> Fault:
        return Fault(self.line if line is None else line, f"{self.place}{what}")

    def unsafe(self, key: str, value: str, why: str | None) -> Iterator[Fault]:
        """Yield the fault of a value that must not be used, if there is a reason why."""
        if why:
            yield self.fault(f"{key}: {redact(value)!r} {why}")


def section(document: yaml_nodes.Mapping, key: str) -> Iterator[Entry]:
    node = document.entries.get(key)
    if isinstance(node, yaml_nodes.Mapping):
        for name, value in node.entries.items():
            yield Entry(key, name, value, node.key_lines[name])


def entry(node: yaml_nodes.Node | None, key: str) -> yaml_nodes.Node | None:
    return node.entries.get(key) if isinstance(node, yaml_nodes.Mapping) else None


def text_of(node: yaml_nodes.Node | None, key: str) -> str | None:
    found = entry(node, key)
    return found.value if isinstance(found, yaml_nodes.Leaf) and isinstance(found.value, str) else None


def list_of(node: yaml_nodes.Node | None, key: str) -> list[str]:
    found = entry(node, key)
    if not isinstance(found, yaml_nodes.Sequence):
        return []
    return [item for item in yaml_nodes.plain(found) if isinstance(item, str)]
