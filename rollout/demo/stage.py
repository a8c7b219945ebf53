"""What every chapter of the demo stands on: run a command, show it, check what came of it."""

from __future__ import annotations

from pathlib import Path

from rollout.demo.sandbox import Sandbox
from rollout.errors import RolloutError


def prepared(folder: Path) -> Sandbox:
    """Return a sandbox in a folder that is new or empty; raise RolloutError rather than touch what is there."""
    if folder.exists() and any(folder.iterdir()):
        raise RolloutError.at(folder, "is not empty", "the demo needs a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    return Sandbox(folder.resolve())
