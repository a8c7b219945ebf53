"""An existing inventory, as the base for adding what is new."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.fleet.load import Loaded
from rollout.model.files import TemplateFile
from rollout.model.inventory import Branch, Inventory, Target
from rollout.model.learning import Value
from rollout.safety import addresses


class ExistingInventory(Struct, frozen=True):
    """An existing inventory, with the bytes of its file and its templates."""

    loaded: Loaded
    text: bytes
    templates: Mapping[str, TemplateFile]

    @property
    def inventory(self) -> Inventory:
        return self.loaded.inventory

    @property
    def repositories(self) -> tuple[Target, ...]:
        return tuple(target for target in self.inventory.targets if isinstance(target.location, Branch))

    def places(self) -> dict[str, Target]:
        """Return the repositories by where their checkouts really are."""
        return {os.path.realpath(where.checkout): target for target, where in self._branches() if where.checkout}

    def addresses(self) -> dict[str, str]:
        """Return the names of the repositories with an address in the inventory, by what identifies the address."""
        return {addresses.identity(where.url): target.name for target, where in self._branches() if where.url}

    def _branches(self) -> Iterator[tuple[Target, Branch]]:
        for target in self.inventory.targets:
            if isinstance(target.location, Branch):
                yield target, target.location

    def sets(self) -> tuple[str, ...]:
        """Return the template sets that repositories have, in the order in which they name them."""
        return tuple(dict.fromkeys(name for target in self.repositories for name in target.templates))

    def managed(self) -> frozenset[PurePosixPath]:
        """Return every path that a repository's templates name."""
        slots = (self.loaded.rendering.slots(target) for target in self.repositories)
        return frozenset(slot.path for theirs in slots for slot in theirs)

    def variables(self) -> dict[str, dict[str, Value]]:
        """Return the variables that are texts, numbers or flags, as they are printed, by repository."""
        found: dict[str, dict[str, Value]] = {}
        for target in self.repositories:
            for name, variable in target.variables.items():
                if isinstance(variable.value, str | bool | int | float):
                    value = variable.value if isinstance(variable.value, bool) else str(variable.value)
                    found.setdefault(name, {})[target.name] = value
        return found


def has(target: Target | None, name: str, value: Value) -> bool:
    """Tell whether a variable of a target is printed as this value."""
    there = target.variables.get(name) if target is not None else None
    if there is None or isinstance(there.value, bool) != isinstance(value, bool):
        return False
    return str(there.value) == str(value)
