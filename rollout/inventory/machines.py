"""Choose the machine of the inventory that a host name belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from rollout.content.yaml_nodes import Fault
from rollout.inventory.check import error
from rollout.model.inventory import Machine


def is_host_glob(name: str) -> bool:
    return any(c in name for c in "*?[")


def machine_for(machines: Mapping[str, Machine], hostname: str, shown: str) -> tuple[Machine | None, str | None]:
    """Return the machine that claims a host name, and a warning where a default had to stand in.

    Exact names come before globs. Raises InventoryError when several machines claim the name on one level.
    """
    host = hostname.lower()
    exact = [m for m in machines.values() if {host, host.split(".")[0]} & {*m.hostnames, m.name.lower()}]
    globbed = [m for m in machines.values() if any(fnmatchcase(host, h) for h in m.hostnames if is_host_glob(h))]
    for level in (exact, globbed):
        if len(level) > 1:
            names = " and ".join(m.name for m in level)
            text = (
                f"machines.{level[1].name}: this host, {hostname!r}, is claimed by {names}; make their hostnames differ"
            )
            raise error(shown, [Fault(level[1].line, text)])
        if level:
            return level[0], None
    for machine in machines.values():
        if machine.default:
            return machine, f"this host, {hostname!r}, matches no machine; using the default, {machine.name!r}"
    return None, None
