"""The variables that a template sees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from rollout.model.inventory import Folder, Machine, Target


def context(
    target: Target, path: PurePosixPath, machines: Mapping[str, Machine], machine: Machine | None
) -> dict[str, Any]:
    """Return everything that a template may see; a repository's templates never see the current machine."""
    seen: dict[str, Any] = {name: variable.value for name, variable in target.variables.items()}
    seen["target"] = {
        "name": target.name,
        "kind": target.kind,
        "branch": target.branch,
        "groups": list(target.groups),
    }
    seen["path"] = str(path)
    seen["machines"] = {m.name: _machine(m) for m in machines.values()}
    if isinstance(target.location, Folder) and machine is not None:
        seen["machine"] = {"name": machine.name, **_machine(machine)}
    return seen


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "hostnames": list(machine.hostnames),
        "vars": {name: variable.value for name, variable in machine.variables.items()},
    }
