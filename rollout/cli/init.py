"""`rollout init`: a first inventory and template set, made from the repositories that it finds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from rollout.checkout import search
from rollout.cli.common_options import settled
from rollout.cli.options import common
from rollout.cli.screen import Screen
from rollout.errors import Refused, RolloutError
from rollout.git import person
from rollout.inventory import first
from rollout.machine.files import write_whole
from rollout.model.inventory import FoundCheckout
from rollout.showing.colour import count


@click.command()
@click.argument("folder", required=False, metavar="[DIR]")
@common
@click.pass_context
def init(context: click.Context, folder: str | None) -> int:
    """Write a first inventory here, and a first template set, from the repositories found under DIR (default: here).

    It overwrites no file and touches nothing in any repository.

    \b
    rollout init ~/work
    rollout plan
    """
    options = settled(context)
    screen = Screen(options)
    place = Path.cwd() / Path(folder or ".").expanduser()
    inventory, templates = Path.cwd() / options.path, (Path.cwd() / options.path).parent / "templates"
    for there in (inventory, templates):
        if os.path.lexists(there):
            raise Refused(f"{_shown(there)} exists already; nothing was written")
    if not place.is_dir():
        raise RolloutError.at(folder, "there is no such folder")
    found = []
    for one in search.checkouts(place):
        if isinstance(one, FoundCheckout):
            found.append(one)
        else:
            screen.warn(f"left out: {one}")
    if not found:
        way_out = "name the folder that holds your repositories"
        raise RolloutError.at(folder or ".", "found no git repository", way_out)
    files = {
        templates / first.TEMPLATE: first.TEMPLATE_TEXT,
        inventory.parent / "inventory.schema.json": _schema(),
        inventory: first.inventory(found, _root(place, inventory.parent), _owner()),
    }
    written = []
    for file, text in files.items():
        if not os.path.lexists(file):
            write_whole(file, text.encode(), 0o644)
            written.append(_shown(file))
    if options.json:
        paths = [str(one.path) for one in found]
        screen.document({"format": "rollout-init/1", "written": written, "repositories": paths})
    else:
        screen.data(
            f"Found {count(len(found), 'repository')}, wrote {', '.join(written)}.\nLook at them, then: rollout plan\n"
        )
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _root(place: Path, beside: Path) -> str:
    """Return how the inventory names the folder that was scanned: relative when it is at or below its own."""
    real, here = Path(os.path.realpath(place)), Path(os.path.realpath(beside))
    return str(real.relative_to(here)) if real.is_relative_to(here) else str(real)


def _owner() -> str:
    identity = person.read_person().identity
    return identity.author.name if identity is not None else "nobody yet"


def _schema() -> str:
    from rollout.inventory.description import inventory_schema

    return json.dumps(inventory_schema(), indent=2) + "\n"
