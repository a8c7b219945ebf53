"""Turn a person's change of a managed file into a change of its template or of variables, proved by rendering them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.content import three_way
from rollout.content.agents import table
from rollout.content.modes.table import strategy, traits
from rollout.errors import Refused, RolloutError
from rollout.fleet import rule_heads
from rollout.fleet.load import Loaded
from rollout.fleet.new_values import NewValue, SetElsewhere, new_value, with_values
from rollout.inventory.read import Overrides, parse
from rollout.model.action import Action
from rollout.model.files import File, Managed, Slot, TemplateFile
from rollout.model.inventory import Inventory, SetWhere, Target
from rollout.model.plan import Change
from rollout.planning import taking
from rollout.planning.taking import Taken
from rollout.rendering import templates as template_files
from rollout.rendering.desired import Rendering
from rollout.rendering.formatters import Formatters
from rollout.rendering.template_fault import TemplateFault
from rollout.targets.folder import sources


class Taking(Struct, frozen=True):
    """What to write: templates by name and the inventory; and which targets' files change by it."""

    templates: Mapping[str, TemplateFile]
    values: tuple[NewValue, ...] = ()
    inventory: tuple[bytes, bytes] | None = None  # as it was read, and as it is to be
    others: tuple[str, ...] = ()
    also: tuple[PurePosixPath, ...] = ()  # further files of the target itself that change by that


class Asked(Struct, frozen=True):
    """The person's change to take, and where variables may be set."""

    target: Target
    slot: Slot
    item: Managed
    change: Change
    where: SetWhere | None = None
    overrides: Overrides = Overrides()


def take(loaded: Loaded, asked: Asked) -> Taking:
    """Return what to change; raise Refused with the lines that no template and no variable can produce."""
    before, slot = asked.change.before, asked.slot
    if before is None:
        raise _refused(asked, "others deleted it; take its template out, or decide with --on-drift")
    if slot.template is None or not traits(slot.rule.mode).taken_back:
        raise _refused(asked, f"mode {slot.rule.mode.value} is not taken back; change the template")
    old = loaded.rendering.templates[slot.template]
    if not slot.parts and not slot.is_rendered:
        content = _wanted(asked, before)
        executable = old.executable if traits(slot.rule.mode).shared else before.executable
        return _proved(loaded, asked, Taking({slot.template: replace(old, content=content, executable=executable)}))
    try:
        wanted = _wanted(asked, before).decode()
        heads = rule_heads.edited(slot, loaded.rendering.templates, asked.target.agents or (), _now(asked), wanted)
        found = _taken(loaded, asked, {**loaded.rendering.templates, **heads}, wanted)
    except UnicodeDecodeError:
        raise _refused(asked, "is not UTF-8, and its template is rendered") from None
    except (TemplateFault, rule_heads.NoRuleSays) as fault:
        raise _refused(asked, str(fault)) from fault
    if found.refused:
        raise Refused(*(_refused(asked, line).mistakes[0] for line in found.refused))
    return _proved(loaded, asked, _changes(loaded, asked, heads, found, before))


def _now(asked: Asked) -> str:
    return asked.item.body.decode()


def _taken(loaded: Loaded, asked: Asked, templates: Mapping[str, TemplateFile], wanted: str) -> Taken:
    """Return what has to change in these templates and in variables."""
    inventory = loaded.inventory
    with Rendering(templates, inventory.patterns, inventory.machines, loaded.machine) as rendering:
        slot = next((one for one in rendering.slots(asked.target) if one.path == asked.slot.path), None)
        if slot is None:
            raise _refused(asked, "its rule would be written to other files then; change the rule by hand")
        told = rule_heads.in_our_form(slot, wanted)
        return taking.taken(rendering.traced(asked.target, slot), told, asked.target.variables)


def _refused(asked: Asked, why: str) -> Refused:
    return Refused(f"{asked.target.name}: {asked.slot.path}: cannot be taken back: {why}")


def _wanted(asked: Asked, before: File) -> bytes:
    """Return what the template should produce: the file's text, with what the template changed since we wrote it."""
    base, now = asked.change.base, asked.item.body
    part = partial(strategy(asked.item.mode).part, asked.item)
    theirs = part(before)
    if theirs is None:
        raise _refused(asked, "the file has no block of ours")
    was = None if base is None else part(base)
    told = part(None) or b""
    if was is not None and was != told:
        try:
            theirs = three_way.merge(was, theirs, told)
        except three_way.MergeConflict as clash:
            raise _refused(asked, f"{clash}, and the template did too") from clash
    if not traits(asked.slot.rule.mode).shared:
        return theirs
    place = now.find(told)
    return now[:place] + theirs + now[place + len(told) :] if place >= 0 else theirs


def _changes(loaded: Loaded, asked: Asked, heads: Mapping[str, TemplateFile], found: Taken, before: File) -> Taking:
    there = {**loaded.rendering.templates, **heads}
    templates = {**heads, **{name: _edited(there[name], edits) for name, edits in found.edits.items()}}
    name, mode = asked.slot.template or "", asked.slot.rule.mode
    if not traits(mode).shared and not asked.slot.parts and before.executable != asked.item.executable:
        old = templates.get(name, loaded.rendering.templates[name])
        templates[name] = replace(old, executable=before.executable)
    values = tuple(new_value(asked.target, name, new) for name, new in found.values.items())
    return Taking(templates, values)


def _edited(old: TemplateFile, edits: tuple[taking.Rewrite, ...]) -> TemplateFile:
    text = old.content.decode()
    new = taking.applied(text.replace("\r\n", "\n"), edits)
    return replace(old, content=(new.replace("\n", "\r\n") if "\r\n" in text else new).encode())


def _proved(loaded: Loaded, asked: Asked, found: Taking) -> Taking:
    """Return what was found if it renders to what was asked for; `where` says whether to write its inventory."""
    read = loaded.inventory.path.read_bytes()
    try:
        text = with_values(read, asked.target, asked.where, found.values)
    except SetElsewhere as elsewhere:
        raise _refused(asked, str(elsewhere)) from elsewhere
    inventory = _parsed(loaded, asked, text) if found.values else loaded.inventory
    there = {target.name: target for target in inventory.targets}
    new = {**loaded.rendering.templates, **found.templates}
    with Rendering(new, inventory.patterns, inventory.machines, loaded.machine) as rendering:
        rendering.check(inventory.targets)
        made = _body(rendering, there[asked.target.name], asked.slot.path)
        wanted = _wanted(asked, asked.change.before or File(b""))
        if made is None or not _same(asked, _plain(made), _plain(wanted)):
            raise _refused(asked, "the same text of the template, or the same variable, makes other lines too")
        others = tuple(_others(loaded, inventory, rendering, asked.target.name))
        also = tuple(_also(loaded, rendering, asked, there[asked.target.name]))
    written = asked.where is not None and text != read
    return replace(found, inventory=(read, text) if written else None, others=others, also=also)


def _same(asked: Asked, made: bytes, wanted: bytes) -> bool:
    """Tell whether a text is the wanted one, or is read by its agent as that is."""
    return made == wanted or (bool(asked.slot.parts) and table.say_the_same(asked.slot.path, made, wanted))


def _plain(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _body(rendering: Rendering, target: Target, path: PurePosixPath) -> bytes | None:
    desired = Formatters().over(rendering.desired(target))
    return next((item.body for item in desired.managed if item.path == path), None)


def _others(loaded: Loaded, inventory: Inventory, rendering: Rendering, name: str) -> Iterator[str]:
    """Yield the targets whose files will change."""
    before = {target.name: target for target in loaded.inventory.targets}
    for target in inventory.targets:
        if target.name != name and target.name in before:
            was, will = loaded.rendering.desired(before[target.name]), rendering.desired(target)
            if [(i.path, i.asks) for i in was.managed] != [(i.path, i.asks) for i in will.managed]:
                yield target.name


def _also(loaded: Loaded, rendering: Rendering, asked: Asked, new: Target) -> Iterator[PurePosixPath]:
    """Yield the other files of the target itself that will say something else."""
    before = {item.path: item.asks for item in loaded.rendering.desired(asked.target).managed}
    for item in rendering.desired(new).managed:
        if item.path != asked.slot.path and before.get(item.path) != item.asks:
            yield item.path


def _parsed(loaded: Loaded, asked: Asked, text: bytes) -> Inventory:
    old = loaded.inventory
    names = template_files.set_names(dict(loaded.rendering.templates), old.path.parent / "templates")
    try:
        return parse(
            text.decode("utf-8-sig"), old.path, shown=loaded.shown, sets=names, overrides=asked.overrides
        )  # fmt: skip
    except RolloutError as error:
        raise _refused(asked, f"the inventory cannot say so: {error}") from error


def write(loaded: Loaded, found: Taking, state: Path) -> list[str]:
    """Write templates and inventory over what was read, both or none; raise Refused if that has changed."""
    templates, notes = loaded.inventory.path.parent / "templates", list[str]()
    made = changes(loaded, found)
    if made:
        notes += sources.write(state, templates, made)
    if found.inventory is None:
        return notes
    try:
        return notes + sources.rewrite(state, loaded.inventory.path, *found.inventory)
    except (Refused, OSError) as error:
        raise Refused("; ".join([str(error), *_undone(state, templates, made)])) from error


def _undone(state: Path, templates: Path, made: list[Change]) -> list[str]:
    """Write templates back as they were read, and say so; what somebody wrote into them since stays."""
    back = [replace(change, before=change.after, after=change.before) for change in made]
    names = ", ".join(f"templates/{change.path}" for change in made)
    try:
        return [*sources.write(state, templates, back), f"{names}: as it was"] if back else []
    except (Refused, OSError) as error:
        return [f"{names}: changed already, and not put back: {error}"]


def changes(loaded: Loaded, found: Taking) -> list[Change]:
    """Return the files to write below the templates' folder."""
    old = loaded.rendering.templates
    return [
        Change(
            PurePosixPath(name),
            Action.UPDATE,
            "",
            File(old[name].content, old[name].executable),
            File(new.content, new.executable),
        )
        for name, new in found.templates.items()
    ]
