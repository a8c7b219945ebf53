"""The variables that a template sees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.model.inventory import Folder, Machine, Target, TargetKind, YamlValue


class Surroundings(Struct, frozen=True):
    """What templates can see besides their target: the machines of the inventory, this one, and its host name."""

    machines: Mapping[str, Machine]
    machine: Machine | None = None
    host: str = ""

    def seen(self, target: Target, path: PurePosixPath | None = None) -> dict[str, YamlValue]:
        """Return everything that a template may see at a path of a target."""
        return context(target, path or PurePosixPath(), self.machines, self.machine)

    def why_no_machine(self, target: Target) -> str:
        """Say, behind a template's fault, why there is no `machine`."""
        if target.kind is TargetKind.REPO:
            return ": files in git must not depend on the machine; use 'machines'"
        return (
            f": this host, {self.host!r}, matches no machine of the inventory; "
            "add it under 'machines' or mark one as default"
        )


def context(
    target: Target, path: PurePosixPath, machines: Mapping[str, Machine], machine: Machine | None
) -> dict[str, YamlValue]:
    """Return everything that a template may see; a repository's templates never see the current machine."""
    seen: dict[str, YamlValue] = {name: variable.value for name, variable in target.variables.items()}
    seen["target"] = {
        "name": target.name,
        "kind": target.kind.value,
        "branch": target.branch,
        "groups": list(target.groups),
    }
    seen["path"] = str(path)
    seen["machines"] = {m.name: _machine(m) for m in machines.values()}
    if isinstance(target.location, Folder) and machine is not None:
        seen["machine"] = {"name": machine.name, **_machine(machine)}
    return seen


def _machine(machine: Machine) -> dict[str, YamlValue]:
    return {
        "hostnames": list(machine.hostnames),
        "vars": {name: variable.value for name, variable in machine.variables.items()},
    }
