"""Why a file has these lines: its template, where each variable came from, who wrote it last and who changed it."""

from __future__ import annotations

from pathlib import PurePosixPath

from msgspec import Struct

from rollout.content.patterns import matches
from rollout.errors import UsageError, near
from rollout.fleet.load import Loaded
from rollout.fleet.parts import Parts
from rollout.fleet.wishes import heeded
from rollout.inventory.wish import NAME
from rollout.model.files import Slot
from rollout.model.inputs import Input
from rollout.model.inventory import Target, YamlValue
from rollout.targets.job import Settings
from rollout.targets.past import history

_SECRET = ("password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "credential")


class UsedVariable(Struct, frozen=True):
    """A variable a template reads, and where its value came from."""

    name: str
    value: YamlValue
    source: str


class Explanation(Struct, frozen=True):
    slot: Slot
    variables: tuple[UsedVariable, ...]
    last_commit: str | None
    changed_since: tuple[str, ...]
    inputs: tuple[Input, ...] = ()
    alone: str = ""  # why the target is left alone


def explanation(loaded: Loaded, target: Target, path: PurePosixPath, settings: Settings) -> Explanation:
    """Explain a managed path; raise UsageError for a path that no template names."""
    heard_out = heeded(loaded, (target,), settings, None)
    loaded, target = heard_out.loaded, heard_out.targets[0]
    slots = loaded.rendering.slots(target)
    slot = next((slot for slot in slots if slot.path == path), None)
    if slot is None and any(matches(pattern, str(path)) for pattern in target.ignores):
        raise UsageError(f"{target.name}: {NAME} in its branch leaves {path} out")
    if slot is None:
        meant = near(str(path), [str(one.path) for one in slots])
        raise UsageError(f"{target.name}: no template set names {path}, so rollout never touches it{meant}")
    alone = heard_out.settled.get(target.name)
    commit, changed = history(target, path, settings)
    inputs = Parts(loaded, settings).inputs(target, slot)
    return Explanation(
        slot, tuple(_variables(loaded, target, slot)), commit, changed, inputs, "" if alone is None else alone.reason
    )


def _variables(loaded: Loaded, target: Target, slot: Slot) -> list[UsedVariable]:
    if not slot.is_rendered:
        return []
    names = loaded.rendering.uses(slot)
    found = (_used(name, loaded, target, slot) for name in (sorted(target.variables) if names is None else names))
    return [used for used in found if used is not None]


def _used(name: str, loaded: Loaded, target: Target, slot: Slot) -> UsedVariable | None:
    """Return what a name in a template means: a variable of the target, or one of the names that all templates have."""
    if name in target.variables:
        variable = target.variables[name]
        value = "***" if any(word in name.lower() for word in _SECRET) else variable.value
        return UsedVariable(name, value, str(variable.source))
    match name:
        case "target":
            kind, groups = target.kind.value, list(target.groups)
            about = {"name": target.name, "kind": kind, "branch": target.branch, "groups": groups}
            return UsedVariable(name, about, "the inventory's entry")
        case "path":
            return UsedVariable(name, str(slot.path), "the managed path")
        case "machines":
            return UsedVariable(name, sorted(loaded.inventory.machines), "machines")
        case "machine":
            return UsedVariable(name, loaded.machine.name if loaded.machine else None, "machines, by this host's name")
        case _:
            return None
