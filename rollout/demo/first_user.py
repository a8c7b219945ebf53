"""Where the first user's inventory and templates are: beside the sources, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

from rollout.errors import RolloutError


def inventory() -> Path:
    """Return the first user's inventory.yaml, with templates/ beside it."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "first_user", package.parent):
        if (folder / "inventory.yaml").is_file() and (folder / "templates").is_dir():
            return folder / "inventory.yaml"
    raise RolloutError("the first user's inventory is not installed with this program; install git-rollout again")
