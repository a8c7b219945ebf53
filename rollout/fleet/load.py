"""Read an inventory and its templates from the disk into everything a command needs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from rollout.errors import Mistake, Place, UsageError, near
from rollout.fleet.ignored import ignored
from rollout.fleet.origin import origin
from rollout.inventory import choose, machines
from rollout.inventory.read import Overrides, parse
from rollout.inventory.remembered import Parsed
from rollout.machine import files
from rollout.model.inventory import Branch, Folder, Inventory, Machine, Target
from rollout.rendering import mistakes, templates
from rollout.rendering.desired import Rendering
from rollout.rendering.template_fault import TemplateFault

_MAX_INVENTORY = 32 * 1024 * 1024
_ENTRY = re.compile(r"^  [^\s#-]", re.MULTILINE)  # how most entries begin


class Loaded(Struct, frozen=True):
    """An inventory with its templates; `chosen` are the targets that --limit leaves."""

    inventory: Inventory
    shown: str
    chosen: tuple[Target, ...]
    rendering: Rendering
    machine: Machine | None
    warnings: tuple[str, ...]


class InventorySource(Struct, frozen=True):
    """Which inventory to read, and the command line's options for it: its shown name, --root, --limit and --var."""

    path: Path
    shown: str
    root: Path | None
    limits: tuple[str, ...]
    overrides: Mapping[str, str]
    hostname: str


@contextmanager
def opened(
    source: InventorySource,
    *,
    check: bool = True,
    memory: Path | None = None,
    foreseen: Callable[[int], None] = lambda _: None,
    whole: bool = False,
) -> Iterator[Loaded]:
    """Yield the inventory and a renderer for it; raise UsageError with all that is wrong with either.

    `memory` is the state folder, which remembers the parsed inventory and templates. We call `foreseen` with a rough
    number of the targets before we read them. `whole` is whether warnings name everything.
    """
    path, shown, overrides = source.path, source.shown, source.overrides
    text = _text(path, shown)
    if not source.limits:
        foreseen(len(_ENTRY.findall(text)))
    folder = path.parent / "templates"
    found = templates.load(folder, ignored(folder)) if folder.is_dir() else templates.TemplateFolder({})
    read = found.files
    sets = templates.set_names(read, folder)
    parsed = Parsed(path, memory)
    inventory = parse(
        text,
        path,
        shown=shown,
        sets=sets,
        overrides=Overrides(source.root, overrides, origin(path), source.hostname),
        read=parsed.document,
    )
    machine, warning = machines.machine_for(inventory.machines, source.hostname, shown)
    chosen, elsewhere = choose.here(
        choose.select(inventory.targets, source.limits, inventory.groups), None if machine is None else machine.name
    )
    with Rendering(read, inventory.patterns, inventory.machines, machine, source.hostname, memory) as rendering:
        told = filter(None, [warning, elsewhere, found.warning(whole=whole)])
        warnings = (*told, *_unread(inventory, rendering, overrides))
        loaded = Loaded(inventory, shown, chosen, rendering, machine, warnings)
        if check:
            faultless(loaded)
        yield loaded
    parsed.keep()


def cleared(inventory: Path, state: Path) -> list[str]:
    """Take away what a killed command left beside templates and inventory; return what to tell."""
    if not (state / "sources").is_dir():
        return []
    from rollout.targets.folder import sources

    tops = dict.fromkeys((inventory.parent / "templates", inventory.resolve().parent))
    return [note for top in tops for note in sources.clear(state, top)]


def faultless(loaded: Loaded) -> None:
    """Raise UsageError with all that is wrong with the templates, or with where they write to."""
    mistakes.check(loaded.rendering, loaded.inventory.targets)
    _folders_apart(loaded.inventory, loaded.rendering)


def _text(path: Path, shown: str) -> str:
    try:
        content = files.read_named(path, _MAX_INVENTORY + 1)
        if len(content) > _MAX_INVENTORY:
            raise UsageError.at(shown, "is larger than 32 MiB")
        return content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UsageError.at(
            shown, "there is no inventory", "name one with -i FILE, or learn one: rollout init DIR"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # without the byte order mark
        raise UsageError.at(shown, f"is not UTF-8 (byte {error.start})", "save it as UTF-8", line=line) from error
    except OSError as error:
        raise UsageError.at(shown, error.strerror or "cannot be read") from error


def _folders_apart(inventory: Inventory, rendering: Rendering) -> None:
    """Make sure that no folder target writes into a repository or into another folder's file."""
    if not any(isinstance(target.location, Folder) for target in inventory.targets):
        return
    checkouts = {
        os.path.realpath(target.location.checkout): target.name
        for target in inventory.targets
        if isinstance(target.location, Branch) and target.location.checkout is not None
    }
    owners: dict[str, str] = {}
    faults = []
    for target in inventory.targets:
        if not isinstance(target.location, Folder):
            continue
        root, at = target.location.root, Place(inventory.path.name, target.line)
        for slot in _slots(rendering, target):
            place = os.path.join(os.path.realpath(root), str(slot))
            inside = next((checkouts[str(p)] for p in Path(place).parents if str(p) in checkouts), None)
            if inside is not None:
                faults.append(Mistake(f"{target.name}: {slot} lies inside the repository {inside}", at))
            other = owners.setdefault(place, target.name)
            if other != target.name:
                faults.append(Mistake(f"{target.name}: {slot} is managed by {other} too", at))
    if faults:
        raise UsageError(*faults)


def _unread(inventory: Inventory, rendering: Rendering, overrides: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each --var that no template reads."""
    names = rendering.reads(inventory.targets) if overrides else None
    if names is not None:
        for name in sorted(set(overrides) - names):
            yield f"--var {name}: no template reads {name!r}{near(name, names)}"


def _slots(rendering: Rendering, target: Target) -> list[str]:
    try:
        return [str(slot.path) for slot in rendering.slots(target) if slot.template is not None]
    except TemplateFault:
        return []
