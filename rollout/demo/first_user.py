"""The first user's inventory and templates: where they are, and a copy of them to play with."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from rollout.errors import RolloutError, UsageError

# Where the first user keeps the checkouts and the shared files.
ROOT = "/home/samuel/sv"
# What YAML would not read as a part of a path.
_SPECIAL = re.compile(r"[\x00-\x1f,\[\]{}#:\"'`\\]")


def inventory() -> Path:
    """Return the first user's inventory.yaml, with templates/ beside it."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "first_user", package.parent):
        if (folder / "inventory.yaml").is_file() and (folder / "templates").is_dir():
            return folder / "inventory.yaml"
    raise RolloutError("the first user's inventory is not installed with this program; install git-rollout again")


def check_place(folder: Path) -> None:
    """Raise UsageError for a folder whose name the copied inventory and the shell scripts could not hold."""
    if found := _SPECIAL.search(str(folder)):
        raise UsageError.at(folder, f"the demo cannot work in a path with {found[0]!r}", "name another folder")


def copy(folder: Path, root: Path) -> None:
    """Copy the inventory and the templates into a folder, for checkouts and shared files under `root`."""
    original = inventory()
    shutil.copytree(original.parent / "templates", folder / "templates")
    (folder / "inventory.yaml").write_text(original.read_text().replace(ROOT, str(root)))
    schema = original.with_name("inventory.schema.json")
    if schema.is_file():
        shutil.copy(schema, folder)
