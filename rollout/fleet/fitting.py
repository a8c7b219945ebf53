"""Find the template sets that a new repository has already: all of their files, as the templates would write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.fleet.present import Old, has
from rollout.learning.matching import matched
from rollout.model.circumstances import Decisions
from rollout.model.files import File, Slot
from rollout.model.inventory import Mode, Target, Variable
from rollout.model.learning import LeftOut, Source, Value
from rollout.planning.changes import changes_needed
from rollout.rendering.template_fault import TemplateFault


class Fit(Struct, frozen=True):
    """The sets that a repository has, and the variables of its own that they need."""

    source: Source
    sets: tuple[str, ...] = ()
    own: Mapping[str, Value] = field(default_factory=dict)
    effective: Mapping[str, Value] = field(default_factory=dict)


def fitting(old: Old, target: Target, source: Source) -> tuple[Fit, list[LeftOut]]:
    """Return the sets that fit a repository, and why others do not, of which it has some files."""
    fit, misfits = Fit(source), dict[str, str]()
    for name in old.sets():
        found = _tried(old, replace(target, templates=(name,)), source, fit)
        if isinstance(found, str):
            misfits |= {name: found} if found else {}
        else:
            fit = found
    covered = _paths(old, target, fit.sets)
    told = {name: why for name, why in misfits.items() if not _paths(old, target, (name,)) <= covered}
    return fit, [LeftOut(f"{source.name}: template set {name}", why) for name, why in told.items()]


def _paths(old: Old, target: Target, names: tuple[str, ...]) -> set[PurePosixPath]:
    try:
        return {slot.path for slot in old.loaded.rendering.slots(replace(target, templates=names))}
    except TemplateFault:
        return set()


def _tried(old: Old, target: Target, source: Source, fit: Fit) -> Fit | str:
    """Return a fit with one more set, or why that set does not fit; no reason if the repository has no file of it."""
    try:
        slots = old.loaded.rendering.slots(target)
    except TemplateFault as fault:
        return str(fault)
    missing = [str(slot.path) for slot in slots if source.snapshot.files.get(slot.path) is None]
    if missing:
        return "" if len(missing) == len(slots) else f"it has no {', '.join(missing)}"
    values = dict(fit.own)
    for slot in slots:
        values |= _values(old, slot, source, target, values)
    own = {name: value for name, value in values.items() if not has(target, name, value)}
    trial = replace(target, variables={**target.variables, **{n: Variable(v, "init") for n, v in own.items()}})
    changes = changes_needed(old.loaded.rendering.desired(trial), source.snapshot, Decisions()).changes
    if changes:
        return f"{changes[0].path} says something else"
    return Fit(source, (*fit.sets, *target.templates), own, {**fit.effective, **values})


def _values(old: Old, slot: Slot, source: Source, target: Target, known: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of one template's variables in a repository, as far as its file tells them."""
    file = source.snapshot.files.get(slot.path)
    template = old.templates.get(slot.template or "")
    rendered = template is not None and template.name.endswith(".j2") and not slot.parts
    if not isinstance(file, File) or template is None or not rendered:
        return {}
    tried = {**{n: v.value for n, v in target.variables.items()}, "project": source.name, **known}
    try:
        text, said = template.content.decode(), file.content.decode()
    except UnicodeDecodeError:
        return {}
    part = slot.rule.mode is Mode.BLOCK
    return matched(text, slot.rule.delimiters, said, tried, part=part) or {}
