"""Read inventory.yaml into targets; report every fault with its line, all at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from rollout.content.yaml.nodes import Fault
from rollout.inventory import deliveries, limits, needs, waves
from rollout.inventory.check import Check, error
from rollout.inventory.description import INVENTORY
from rollout.inventory.entries import Source, list_of, text_of
from rollout.inventory.group_names import group_names
from rollout.inventory.machines import claimed_by_several, machines, unknown_machines
from rollout.inventory.places import doubled
from rollout.inventory.rules import patterns
from rollout.inventory.targets import root_of, targets
from rollout.inventory.variables import variables
from rollout.model.inventory import FilePattern, Inventory, Machine, Target
from rollout.model.reviews import Origin


class Overrides(Struct, frozen=True):
    """What the command line says in place of the inventory."""

    root: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = Origin()  # what the folder of the inventory tells about it
    hostname: str = ""  # of this machine, which at most one may claim


_NONE = Overrides()


def parse(
    text: str,
    path: Path,
    *,
    shown: str,
    sets: Collection[str],
    overrides: Overrides = _NONE,
    read: Callable[[str], tuple[yaml_nodes.Node | None, list[Fault]]] = yaml_parse.parse,
) -> Inventory:
    """Return the inventory; raise InventoryError with every fault as `shown:LINE: place: what`.

    `sets` are the template sets there are; `read` makes a document of the text.
    """
    document, faults = read(text)
    if document is None:
        faults = faults or [Fault(1, "the inventory is empty; `rollout init` writes a first one")]
        raise error(shown, faults)
    check = Check(faults)
    check.walk(document, INVENTORY, "")
    if not isinstance(document, yaml_nodes.Mapping):
        raise error(shown, check.faults)
    root = root_of(document, path, overrides.root)
    forges = deliveries.forges(document)
    source = Source(document, path, sets, root, overrides.variables, overrides.origin, forges)
    # If the shape is wrong already, we do not also report that its values cannot be used.
    inventory, more = _inventory(source, may_be_empty=bool(check.faults))
    more += claimed_by_several(inventory.machines, overrides.hostname) if overrides.hostname else []
    if check.faults or more:
        raise error(shown, [*check.faults, *more])
    return inventory


def _inventory(source: Source, *, may_be_empty: bool) -> tuple[Inventory, list[Fault]]:
    """Build the inventory from a document; parts that the description refused are skipped."""
    common, wrong_variables = variables(source)
    found, wrong_targets = targets(source, common)
    hosts, wrong_machines = machines(source)
    rules, wrong_patterns = patterns(source)
    faults = [*wrong_variables, *wrong_targets]
    if not found and not faults and not may_be_empty:
        faults.append(Fault(1, "no targets: name at least one under 'repos' or 'folders'"))
    faults += [*doubled(found), *needs.faults(found), *wrong_machines, *unknown_machines(found, hosts)]
    faults += [*_wrong_settings(source, found), *wrong_patterns]
    return _built(source, found, hosts, rules), faults


def _wrong_settings(source: Source, found: tuple[Target, ...]) -> Iterator[Fault]:
    """Yield what is wrong with how targets are written: their forges, waves and limits."""
    entries = source.document.entries
    yield from deliveries.faults(source)
    yield from waves.faults(source.document)
    yield from waves.unmatched(source.document, found)
    yield from limits.faults(entries.get("budgets"), entries.get("forbid"))
    yield from limits.unmatched(entries.get("forbid"), found, group_names(source.document))


def _built(
    source: Source, found: tuple[Target, ...], hosts: dict[str, Machine], rules: tuple[FilePattern, ...]
) -> Inventory:
    entries = source.document.entries
    return Inventory(
        path=source.path,
        root=source.root,
        targets=found,
        machines=hosts,
        patterns=rules,
        ledger=text_of(source.document, "ledger"),
        database=text_of(entries.get("events"), "database"),
        budgets=limits.budgets(entries.get("budgets")),
        forbid=limits.forbids(entries.get("forbid")),
        pace=waves.pace(source.document),
        forges=source.forges,
        target_may=tuple(list_of(source.document, "target_may")),
        discover=tuple(list_of(source.document, "discover")),
        groups=group_names(source.document),
    )
