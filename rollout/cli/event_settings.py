"""The settings of the event store from the inventory: its database, the event types, the machines."""

from __future__ import annotations

from typing import Any

import click

from rollout.cli.common_options import given_options
from rollout.errors import UsageError
from rollout.fleet import load
from rollout.fleet.load import InventorySource


def read(context: click.Context) -> dict[str, Any]:
    """Return the settings, empty if there is no inventory; raise UsageError for an invalid one."""
    options = given_options(context)
    if not options.path.exists() and options.inventory is None:
        return {"database": None, "types": None, "machines": {}, "settings": {}}
    source = InventorySource(options.path, str(options.path), options.root, (), options.var, options.hostname)
    with load.opened(source, check=False) as loaded:
        inventory = loaded.inventory
        types = next(
            (t.variables["event_types"].value for t in inventory.targets if "event_types" in t.variables), None
        )
        if types is not None and not isinstance(types, list):
            raise UsageError.at(options.path, "vars.event_types: takes a list of name, when, example")
        machines = {
            machine.name: {
                "hostnames": list(machine.hostnames),
                "vars": {name: variable.value for name, variable in machine.variables.items()},
            }
            for machine in inventory.machines.values()
        }
        here = loaded.machine.name if loaded.machine else None
        offered = (t.variables["event_settings"].value for t in inventory.targets if "event_settings" in t.variables)
        known = {"database": inventory.database, "types": types, "machines": machines, "machine": here}
        return {**known, "settings": next(offered, {})}
