"""Prove the documents of an inventory on the event store, before and after they are rolled out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from threading import Event
from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from rollout.content.modes.table import traits
from rollout.errors import UsageError
from rollout.fleet.load import Loaded
from rollout.model.files import Managed, Problem
from rollout.model.inventory import Branch, Folder, Target, Variable
from rollout.model.verified import Unproved
from rollout.safety.flaw import Flaw

if TYPE_CHECKING:
    from rollout.events.bench import Declared, RolledOut

# The inventory's variables for the database as a machine sees it, and for the folder of shared files.
PLACE, DATABASE, USER = ("pg_host", "pg_port"), "pg_database", "pg_user"

SHARED = "shared_root"


def faults(loaded: Loaded, url: str, targets: Iterable[Target], stop: Event | None = None) -> tuple[Unproved, ...]:
    """Run the blocks and hooks of these targets' documents on a scratch store at `url`; return what fails.

    Raises RolloutError when nothing could be proved: the database is down, or psql is missing.
    """
    from rollout.events import documents

    chosen = tuple(targets)
    names = {target.name for target in chosen}
    found = documents.prove(url, files(loaded, chosen), declared(loaded), names, stop)
    return tuple(Unproved(f.owner, f.path, Flaw(f.complaint, f.line)) for f in found)


def problems(found: Iterable[Unproved]) -> dict[str, tuple[Problem, ...]]:
    """Return the faults as problems of their targets, one for each document."""
    by_path: dict[tuple[str, str], list[Flaw]] = {}
    for fault in found:
        by_path.setdefault((fault.target, fault.path), []).append(fault.flaw)
    made: dict[str, tuple[Problem, ...]] = {}
    for (target, path), flaws in by_path.items():
        more = f" (and {len(flaws) - 1:,} more; rollout verify lists them)" if len(flaws) > 1 else ""
        problem = Problem(PurePosixPath(path), replace(flaws[0], what=f"{flaws[0].what}{more}"))
        made[target] = (*made.get(target, ()), problem)
    return made


def documented(loaded: Loaded, targets: Iterable[Target]) -> tuple[str, ...]:
    """Return the names of the targets that have something to prove."""
    from rollout.events import documents

    return tuple(
        target.name for target in targets if any(documents.is_proved(file.path) for file in _of_target(loaded, target))
    )


def script(loaded: Loaded, url: str, path: str, targets: Iterable[Target]) -> tuple[Unproved, ...]:
    """Run a rolled-out script on the store at `url` itself, wherever one of the targets has it."""
    from rollout.events import documents

    chosen = {target.name for target in targets}
    rolled_out = files(loaded, tuple(target for target in loaded.inventory.targets if target.name in chosen))
    found = documents.run_script(url, rolled_out, declared(loaded), path, chosen)
    return tuple(Unproved(f.owner, f.path, Flaw(f.complaint)) for f in found)


def declared(loaded: Loaded) -> Declared:
    """Return the names that documents may use: databases, types of events, the folders' other names."""
    from rollout.events.bench import Declared
    from rollout.events.event_types import all_types

    inventory = loaded.inventory
    machines = [machine.variables for machine in inventory.machines.values()]
    everywhere = machines + [target.variables for target in inventory.targets]
    return Declared(
        places=frozenset(
            ":".join(str(v[name].value) for name in PLACE) for v in machines if all(n in v for n in PLACE)
        ),
        databases=frozenset(_values(everywhere, DATABASE)),
        users=frozenset(_values(everywhere, USER)),
        types=all_types(configured_types(inventory.targets)),
        host=loaded.machine.name if loaded.machine else next(iter(inventory.machines), ""),
        folders={
            str(target.variables[SHARED].value): str(target.location.root)
            for target in inventory.targets
            if isinstance(target.location, Folder) and SHARED in target.variables
        },
    )


def configured_types(targets: Iterable[Target]) -> list[Mapping[str, object]] | None:
    """Return the inventory's event types, None when it names none."""
    found = next((t.variables["event_types"].value for t in targets if "event_types" in t.variables), None)
    if found is not None and not (isinstance(found, list) and all(isinstance(entry, dict) for entry in found)):
        raise UsageError("inventory: vars.event_types: takes a list of name, when, example")
    return found


def _values(everywhere: Iterable[Mapping[str, Variable]], name: str) -> Iterator[str]:
    return (str(variables[name].value) for variables in everywhere if name in variables)


def files(loaded: Loaded, chosen: tuple[Target, ...]) -> list[RolledOut]:
    """Return the files of these targets, and those of every folder: documents tell people to use them."""
    named = {target.name for target in chosen}
    folders = [t for t in loaded.inventory.targets if isinstance(t.location, Folder) and t.name not in named]
    return [file for target in (*chosen, *folders) for file in _of_target(loaded, target)]


def _of_target(loaded: Loaded, target: Target) -> Iterator[RolledOut]:
    from rollout.events.bench import RolledOut

    for item in (*loaded.rendering.desired(target).managed, *_own_documents(loaded, target)):
        if traits(item.mode).writes:
            yield RolledOut(target.name, _folder(target), str(item.path), item.body, item.executable)


def _own_documents(loaded: Loaded, target: Target) -> Iterator[Managed]:
    """Yield documents that are put together from others, without those: what a repository says is not ours to run."""
    from rollout.events import documents

    return (item for item in loaded.rendering.without_parts(target) if documents.is_proved(str(item.path)))


def _folder(target: Target) -> str:
    match target.location:
        case Folder(root):
            return str(root)
        case Branch(checkout=None):
            return f"/repositories/{target.name}"
        case Branch(checkout=checkout):
            return str(checkout)
        case never:
            assert_never(never)
