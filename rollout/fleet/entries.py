"""Put entries for new repositories and files into the text of an inventory; every other byte stays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from rollout.content.agents.rule import FOLDER, NAMES
from rollout.content.documents import merge
from rollout.content.documents.ours import past
from rollout.fleet.fitting import Fit
from rollout.fleet.present import ExistingInventory, has
from rollout.inventory.read import Overrides, parse
from rollout.learning import inventory_text
from rollout.learning.placing import values_of
from rollout.model.inventory import Branch, FormatName, Inventory, Target
from rollout.model.learning import Form, Sample, Takeover, Value
from rollout.rendering import templates as template_files

Entries = Mapping[str, Mapping[str, inventory_text.Setting]]


def extended(
    old: ExistingInventory, made: Takeover, fits: Mapping[str, Fit], targets: Mapping[str, Target], folder: Path
) -> bytes:
    """Return the inventory with the proposal; `targets` are the entries of the new repositories."""
    there = {target.name: target for target in old.repositories}
    values = values_of(made.files)
    entries: dict[str, dict[str, inventory_text.Setting]] = {}
    for source in _concerned(made, fits):
        new = [one.name for one in made.sets if source.name in one.repositories]
        learned = {name: by[source.name] for name, by in values.items() if source.name in by}
        if source.name in there:
            target = there[source.name]
            own = {name: value for name, value in learned.items() if not has(target, name, value)}
            entries[source.name] = {**_more(target, new, own), **_agents(target.agents, target.agents, made, source)}
        else:
            fit, future = fits[source.name], targets.get(source.name)
            own = {n: v for n, v in {**fit.own, **learned}.items() if not has(future, n, v)}
            whole = _whole(place_of(old, source, folder), source, future, [*fit.sets, *new], own)
            read = _agents(_reading(old, fit), future.agents if future else None, made, source)
            entries[source.name] = _in_order(whole | read)
    return with_entries(old.text, entries, dict(_rules(made)))


def _concerned(made: Takeover, fits: Mapping[str, Fit]) -> Iterator[Sample]:
    """Yield the repositories that get something from the proposal."""
    yield from made.sources
    known = {source.name for source in made.sources}
    yield from (fit.source for name, fit in fits.items() if fit.sets and name not in known)


def _more(target: Target, new: Sequence[str], own: Mapping[str, Value]) -> dict[str, inventory_text.Setting]:
    found: dict[str, inventory_text.Setting] = {"templates": [*target.templates, *new]} if new else {}
    return {**found, "vars": dict(own)} if own else found


_LAST = ("agents", "vars")  # keys that stand behind the others


def _in_order(entry: Mapping[str, inventory_text.Setting]) -> dict[str, inventory_text.Setting]:
    return {key: entry[key] for key in (*(k for k in entry if k not in _LAST), *(k for k in _LAST if k in entry))}


def _reading(old: ExistingInventory, fit: Fit) -> tuple[str, ...] | None:
    """Return who reads the rules of the sets that a new repository has already; nobody if they have none."""
    folders = tuple(f"{name}/{FOLDER}/" for name in fit.sets)
    return fit.agents if any(name.startswith(folders) for name in old.templates) else None


def _agents(
    read: tuple[str, ...] | None, there: tuple[str, ...] | None, made: Takeover, source: Sample
) -> dict[str, inventory_text.Setting]:
    """Return who reads the rules of a repository, old ones and new ones, unless the inventory says so already."""
    new = made.agents.get(source.name, ())
    wanted = tuple(agent for agent in NAMES if agent in {*(read or ()), *new}) if new else read
    return {"agents": list(wanted)} if wanted is not None and set(wanted) != set(there or ()) else {}


def _whole(
    path: str, source: Sample, future: Target | None, templates: Sequence[str], own: Mapping[str, Value]
) -> dict[str, inventory_text.Setting]:
    """Return the inventory's entry of a new repository, without what it has by default."""
    where = future.location if future is not None else None
    branch, remote = (where.branch, where.remote) if isinstance(where, Branch) else ("", "")
    found: dict[str, inventory_text.Setting] = {"path": path}
    found |= {"branch": source.checkout.branch} if source.checkout.branch != branch else {}
    found |= {"remote": source.checkout.remote} if source.checkout.remote != remote else {}
    found |= {"groups": list(future.groups)} if future is not None and future.groups else {}
    found["templates"] = list(templates)
    return {**found, "vars": dict(own)} if own else found


def _rules(made: Takeover) -> Iterator[tuple[str, dict[str, inventory_text.Setting]]]:
    taken = [one for one in made.files if one.form is not Form.SKIP]
    for path in dict.fromkeys(one.path for one in taken):
        rule = inventory_text.rule([one for one in taken if one.path == path])
        if rule:
            yield str(path), rule


def place_of(old: ExistingInventory, source: Sample, folder: Path) -> str:
    """Return the path of a checkout for the inventory: relative if it is below the root."""
    place = Path(os.path.realpath(folder / source.checkout.path))
    root = Path(os.path.realpath(old.inventory.root))
    return str(place.relative_to(root)) if place.is_relative_to(root) else str(place)


def with_entries(text: bytes, entries: Entries, rules: Mapping[str, inventory_text.Setting]) -> bytes:
    """Return an inventory with these entries put into it; its comments and all else stay."""
    repositories = [f"  {name}: {inventory_text.flow(entry)}" for name, entry in entries.items() if entry]
    files = [
        f"  {inventory_text.text_of(inventory_text.pattern_of(path))}: {inventory_text.flow(rule)}"
        for path, rule in rules.items()
    ]
    lines = [*(["repos:", *repositories] if repositories else []), *(["files:", *files] if files else [])]
    if not lines:
        return text
    kind = merge.MergedFile(PurePosixPath("inventory.yaml"), FormatName.YAML)
    return merge.merged(text, ("\n".join(lines) + "\n").encode(), past.Ours(), kind)


def parsed(old: ExistingInventory, text: bytes, more: Iterable[str] = ()) -> Inventory:
    """Return the inventory in a text, with the existing template sets and some more."""
    names = template_files.set_names(dict(old.templates), old.inventory.path.parent / "templates") | set(more)
    overrides = Overrides(old.inventory.root)
    return parse(text.decode("utf-8-sig"), old.inventory.path, shown=old.loaded.shown, sets=names, overrides=overrides)
