"""The machines of an inventory, and the one that a host name belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml.nodes import Fault
from rollout.inventory.check import error
from rollout.inventory.entries import Entry, Source, entry, list_of, section
from rollout.inventory.variables import variables_of
from rollout.model.inventory import InInventory, Machine, Target


def is_host_glob(name: str) -> bool:
    return any(c in name for c in "*?[")


def machines(source: Source) -> tuple[dict[str, Machine], list[Fault]]:
    found: dict[str, Machine] = {}
    faults: list[Fault] = []
    entries = list(section(source.document, "machines"))
    for told in entries:
        variables, wrong = variables_of(entry(told.node, "vars"), InInventory(told.keys))
        found[told.name] = Machine(told.name, _hostnames(told), variables, _is_default(told), told.line)
        faults += wrong
    return found, [*_claimed_twice(entries), *_two_defaults(entries), *faults]


def unknown_machines(targets: Iterable[Target], known: Mapping[str, Machine]) -> list[Fault]:
    """Return a fault for each machine that a target names and that does not exist."""
    return [
        Fault(target.line, f"{target.name}.machines: there is no machine {name!r}")
        for target in targets
        for name in target.machines
        if name not in known
    ]


def _hostnames(told: Entry) -> tuple[str, ...]:
    return tuple(str(host).lower() for host in list_of(told.node, "hostnames")) or (told.name.lower(),)


def _is_default(told: Entry) -> bool:
    node = entry(told.node, "default")
    return isinstance(node, yaml_nodes.Leaf) and node.value is True


def _claimed_twice(entries: list[Entry]) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for told in entries:
        for host in _hostnames(told):
            if not is_host_glob(host) and owners.setdefault(host, told.name) != told.name:
                yield told.fault(f": the host name {host!r} is claimed by {owners[host]!r} too")


def _two_defaults(entries: list[Entry]) -> Iterator[Fault]:
    defaults = [told for told in entries if _is_default(told)]
    for told in defaults[1:]:
        yield told.fault(f": {defaults[0].name!r} is the default already; there can be one")


def claimed_by_several(machines: Mapping[str, Machine], hostname: str) -> list[Fault]:
    """Return a fault if several machines claim a host name on the level that counts."""
    claiming = _claiming(machines, hostname)
    if len(claiming) < 2:
        return []
    names = " and ".join(m.name for m in claiming)
    text = f": this host, {hostname!r}, is claimed by {names}; make their hostnames differ"
    return [Fault(claiming[1].line, f"machines.{claiming[1].name}{text}")]


def _claiming(machines: Mapping[str, Machine], hostname: str) -> list[Machine]:
    """Return the machines that claim a host name: exact names come before globs."""
    host = hostname.lower()
    exact = [m for m in machines.values() if {host, host.split(".")[0]} & {*m.hostnames, m.name.lower()}]
    globbed = [m for m in machines.values() if any(fnmatchcase(host, h) for h in m.hostnames if is_host_glob(h))]
    return exact or globbed


def machine_for(machines: Mapping[str, Machine], hostname: str, shown: str) -> tuple[Machine | None, str | None]:
    """Return the machine that claims a host name, and a warning if a default had to be used.

    Raises InventoryError if several machines claim the name on one level.
    """
    if wrong := claimed_by_several(machines, hostname):
        raise error(shown, wrong)
    for machine in _claiming(machines, hostname):
        return machine, None
    for machine in machines.values():
        if machine.default:
            return machine, f"this host, {hostname!r}, matches no machine; using the default, {machine.name!r}"
    return None, None
