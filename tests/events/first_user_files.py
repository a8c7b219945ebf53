"""The first user's files as they would be rolled out, perhaps with one change in one template."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from rollout.events.bench import Declared, RolledOut
from rollout.fleet import load, prove
from tests.events.render import ROOT


@dataclass(frozen=True)
class Files:
    """What would be rolled out, and what its documents may say."""

    files: tuple[RolledOut, ...]
    declared: Declared
    unrendered: tuple[str, ...] = ()  # why a file cannot even be rendered


def rendered(root: Path = ROOT) -> Files:
    """Render the inventory at `root`."""
    source = load.InventorySource(root / "inventory.yaml", "inventory.yaml", None, (), {}, "odin3")
    with load.opened(source, check=False) as loaded:
        desired = [loaded.rendering.desired(target) for target in loaded.chosen]
        problems = tuple(problem.told for one in desired for problem in one.problems)
        return Files(tuple(prove.files(loaded, loaded.chosen)), prove.declared(loaded), problems)


def copied(to: Path) -> Path:
    """Copy the inventory and its templates, to be changed."""
    shutil.copy(ROOT / "inventory.yaml", to)
    shutil.copytree(ROOT / "templates", to / "templates")
    return to
