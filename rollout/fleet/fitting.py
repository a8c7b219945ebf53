"""Find the template sets that a new repository has already: all of their files, as the templates would write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.content.agents import front_matter, table
from rollout.content.agents.rule import NAMES
from rollout.content.modes.table import traits
from rollout.fleet.present import ExistingInventory, has
from rollout.learning.matching import matched
from rollout.model.circumstances import Decisions
from rollout.model.files import File, Slot
from rollout.model.inventory import Outside, Target, Variable
from rollout.model.learning import LeftOut, Sample, Value
from rollout.planning.changes import changes_needed
from rollout.rendering.template_fault import TemplateFault


class Fit(Struct, frozen=True):
    """The sets that a repository has, and the variables of its own that they need."""

    source: Sample
    sets: tuple[str, ...] = ()
    own: Mapping[str, Value] = field(default_factory=dict)
    effective: Mapping[str, Value] = field(default_factory=dict)
    agents: tuple[str, ...] | None = None  # who reads its rules


def fitting(old: ExistingInventory, target: Target, source: Sample) -> tuple[Fit, list[LeftOut]]:
    """Return the sets that fit a repository, and why others do not, of which it has some files."""
    found = (_fitting(old, replace(target, agents=agents), source) for agents in _readers(old, target, source))
    return max(found, key=lambda one: len(one[0].sets))


def _readers(old: ExistingInventory, target: Target, source: Sample) -> list[tuple[str, ...] | None]:
    """Return for whom rules may be written there: for those whom the inventory says, or for those who have files."""
    used = {agent for one in old.repositories for agent in one.agents or ()}
    there = {agent for path in source.listing for agent in table.readers(PurePosixPath(path))}
    having = tuple(agent for agent in NAMES if agent in used & there)
    return list(dict.fromkeys([target.agents, *([having] if used else [])]))


def _fitting(old: ExistingInventory, target: Target, source: Sample) -> tuple[Fit, list[LeftOut]]:
    fit, misfits = Fit(source, agents=target.agents), dict[str, str]()
    for name in old.sets():
        found = _tried(old, replace(target, templates=(name,)), source, fit)
        if isinstance(found, str):
            misfits |= {name: found} if found else {}
        else:
            fit = found
    covered = _paths(old, target, fit.sets)
    told = {name: why for name, why in misfits.items() if not _paths(old, target, (name,)) <= covered}
    return fit, [LeftOut(f"{source.name}: template set {name}", why) for name, why in told.items()]


def _paths(old: ExistingInventory, target: Target, names: tuple[str, ...]) -> set[PurePosixPath]:
    try:
        return {slot.path for slot in old.loaded.rendering.slots(replace(target, templates=names))}
    except TemplateFault:
        return set()


def _tried(old: ExistingInventory, target: Target, source: Sample, fit: Fit) -> Fit | str:
    """Return a fit with one more set, or why that set does not fit; no reason if the repository has no file of it."""
    try:
        slots = old.loaded.rendering.slots(target)
    except TemplateFault as fault:
        return str(fault)
    missing = [str(slot.path) for slot in slots if source.snapshot.files.get(slot.path) is None]
    if missing or not slots:
        return "" if len(missing) == len(slots) else f"it has no {', '.join(missing)}"
    values = dict(fit.own)
    for slot in slots:
        values |= _values(old, slot, source, target, values)
    own = {name: value for name, value in values.items() if not has(target, name, value)}
    trial = replace(
        target, variables={**target.variables, **{n: Variable(v, Outside.PROPOSAL) for n, v in own.items()}}
    )
    changes = changes_needed(old.loaded.rendering.desired(trial), source.snapshot, Decisions()).changes
    if changes:
        return f"{changes[0].path} says something else"
    return replace(fit, sets=(*fit.sets, *target.templates), own=own, effective={**fit.effective, **values})


def _values(
    old: ExistingInventory, slot: Slot, source: Sample, target: Target, known: Mapping[str, Value]
) -> dict[str, Value]:
    """Return the values of one template's variables in a repository, as far as its file tells them."""
    file = source.snapshot.files.get(slot.path)
    if not isinstance(file, File) or not slot.is_rendered:
        return {}
    tried = {**{n: v.value for n, v in target.variables.items()}, "project": source.name, **known}
    try:
        text, said = _text(old, slot), file.content.decode()
    except UnicodeDecodeError:
        return {}
    part = not traits(slot.rule.mode).from_the_top
    return matched(text, slot.rule.delimiters, said, tried, part=part) or {}


def _text(old: ExistingInventory, slot: Slot) -> str:
    """Return the text of a template, or those of the rules that a file is made of."""
    if not slot.parts:
        return old.templates[slot.template or ""].content.decode()
    return "".join(part if isinstance(part, str) else _rule(old, part.slot) for part in slot.parts)


def _rule(old: ExistingInventory, slot: Slot) -> str:
    return front_matter.trimmed(front_matter.split(old.templates[slot.template or ""].content.decode()).body)
