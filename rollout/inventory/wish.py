"""`.rollout.yaml` in a target's branch: what its people want differently, as far as the inventory allows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.content.patterns import matches
from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from rollout.inventory.check import Check
from rollout.inventory.description import VARS
from rollout.inventory.entries import entry, list_of
from rollout.inventory.rules import glob_refusal
from rollout.inventory.shapes import Flag, ListOf, Record, Text
from rollout.inventory.variables import refusal
from rollout.model.inventory import Outside, Target, Variable, YamlValue

NAME = Outside.TARGET.value

_WISH = Record(
    {
        "enabled": Flag(doc="false leaves this target alone"),
        "ignore": ListOf(Text(), doc="managed paths, or patterns as in .gitignore, that are left alone"),
        "vars": VARS,
    },
    doc="what a target wants otherwise",
)


class BadWish(Exception):
    """A `.rollout.yaml` that does not parse, or asks for more than it may; the text names file and line."""


class Wish(Struct, frozen=True):
    """What the people of a target want."""

    enabled: bool = True
    ignore: tuple[str, ...] = ()
    variables: Mapping[str, YamlValue] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Say what is otherwise than in the inventory."""
        left = f"leaves out {', '.join(self.ignore)}" if self.ignore else ""
        own = f"sets {', '.join(sorted(self.variables))}" if self.variables else ""
        return f"{NAME} {' and '.join(filter(None, (left, own)))}" if left or own else ""

    def leaves_out(self, path: PurePosixPath) -> bool:
        """Tell whether a managed path is left alone."""
        return any(matches(pattern, str(path)) for pattern in self.ignore)

    def of(self, target: Target) -> Target:
        """Return the target as its people want it; --var beats their variables."""
        own = {name: Variable(value, Outside.TARGET) for name, value in self.variables.items()}
        given = {name: found for name, found in target.variables.items() if found.source is Outside.COMMAND_LINE}
        return replace(target, ignores=self.ignore, variables={**target.variables, **own, **given})


def wish(content: bytes, may: Collection[str]) -> Wish:
    """Return what a file asks for; raise BadWish with all that is wrong with it."""
    try:
        document, faults = yaml_parse.parse(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadWish(f"{NAME}:{line}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    if document is None and not faults:
        return Wish()
    check = Check(list(faults))
    if document is not None:
        check.walk(document, _WISH, "")
    if check.faults or not isinstance(document, yaml_nodes.Mapping):
        told = [f"{NAME}:{fault.line}: {fault.message}" for fault in check.faults]
        raise BadWish("; ".join(told) or f"{NAME}: is not a mapping")
    too_much = list(_too_much(document, may))
    if too_much:
        raise BadWish("; ".join(too_much))
    enabled, variables = entry(document, "enabled"), entry(document, "vars")
    return Wish(
        enabled=not (isinstance(enabled, yaml_nodes.Leaf) and enabled.value is False),
        ignore=tuple(list_of(document, "ignore")),
        variables=yaml_nodes.plain(variables) if isinstance(variables, yaml_nodes.Mapping) else {},
    )


def _too_much(document: yaml_nodes.Mapping, may: Collection[str]) -> Iterator[str]:
    allowed = ", ".join(sorted(may)) or "nothing"
    for key, line in document.key_lines.items():
        if key not in may:
            yield f"{NAME}:{line}: {key}: the inventory allows {allowed} here (target_may)"
    for pattern in list_of(document, "ignore"):
        if glob_refusal(pattern):
            yield f"{NAME}: ignore: {pattern!r} {glob_refusal(pattern)}"
    named = entry(document, "vars")
    for name in sorted(named.entries if isinstance(named, yaml_nodes.Mapping) else ()):
        why = refusal(name)
        if why is not None:
            yield f"{NAME}: vars.{name}: {why}"
