"""Turn a person's change of a managed file into a change of its template or of variables, proved by rendering them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.content import kept_ends, three_way
from rollout.content.modes.table import strategy, traits
from rollout.errors import Refused
from rollout.fleet import rule_heads
from rollout.fleet.load import Loaded
from rollout.fleet.new_values import new_value
from rollout.fleet.proved_take import TakeRequest, Taking, proved, refused
from rollout.model.action import Action
from rollout.model.files import File, TemplateFile
from rollout.model.plan import Change
from rollout.planning import taking
from rollout.planning.taking import Taken
from rollout.rendering.desired import Rendering
from rollout.rendering.template_fault import TemplateFault
from rollout.targets.folder import sources
from rollout.targets.job import Settings

__all__ = ["TakeRequest", "Taking", "changes", "take", "write"]


class _Text(Struct, frozen=True):
    """What a rendered template should produce, with LF line ends; `newline` if it is to have other ones than now."""

    text: str
    newline: bytes | None = None


def take(loaded: Loaded, asked: TakeRequest, settings: Settings) -> Taking:
    """Return what to change; raise Refused with the lines that no template and no variable can produce."""
    before, slot = asked.change.before, asked.slot
    if before is None:
        raise refused(asked, "others deleted it; take its template out, or decide with --on-drift")
    if slot.template is None or not traits(slot.rule.mode).taken_back:
        raise refused(asked, f"mode {slot.rule.mode.value} is not taken back; change the template")
    wanted = _wanted(asked, before)
    old = loaded.rendering.templates[slot.template]
    if not slot.parts and not slot.is_rendered:
        content = kept_ends.like(old.content, _told(asked), wanted)
        executable = old.executable if traits(slot.rule.mode).shared else before.executable
        found = Taking({slot.template: replace(old, content=content, executable=executable)})
    else:
        found = _in_templates(loaded, asked, before, wanted)
    return proved(loaded, asked, found, wanted, settings)


def _in_templates(loaded: Loaded, asked: TakeRequest, before: File, wanted: bytes) -> Taking:
    """Return what has to change in templates that are rendered, and in variables."""
    slot = asked.slot
    try:
        text = _with_one_newline(asked, wanted)
        heads = rule_heads.edited(slot, loaded.rendering.templates, asked.target.agents or (), _now(asked), text.text)
        found = _taken(loaded, asked, {**loaded.rendering.templates, **heads}, text.text)
    except UnicodeDecodeError:
        raise refused(asked, "is not UTF-8, and its template is rendered; save it as UTF-8") from None
    except (TemplateFault, rule_heads.NoRuleSays) as fault:
        raise refused(asked, str(fault)) from fault
    if found.refused:
        raise Refused(*(refused(asked, line).mistakes[0] for line in found.refused))
    return _changes(loaded, asked, {**loaded.rendering.templates, **heads}, heads, found, _Form(before, text.newline))


def _now(asked: TakeRequest) -> str:
    return asked.item.body.decode()


def _with_one_newline(asked: TakeRequest, wanted: bytes) -> _Text:
    """Return what a template should produce, which ends all its lines alike; raise Refused where a person does not."""
    told = _told(asked)
    usual, other = (b"\r\n", b"\n") if b"\r\n" in told else (b"\n", b"\r\n")
    text = kept_ends.with_end(wanted, b"\n").decode()
    line = kept_ends.other_end(wanted, usual)
    if line is None or asked.slot.parts or kept_ends.other_end(told, usual) is not None:
        return _Text(text)
    if kept_ends.other_end(wanted, other) is None:
        return _Text(text, other)
    names = {b"\n": "LF", b"\r\n": "CRLF"}
    raise refused(
        asked,
        f"line {line} ends in {names[other]} and others in {names[usual]}; a template that is rendered ends all its "
        "lines alike",
    )


def _taken(loaded: Loaded, asked: TakeRequest, templates: Mapping[str, TemplateFile], wanted: str) -> Taken:
    """Return what has to change in these templates and in variables."""
    inventory = loaded.inventory
    with Rendering(templates, inventory.patterns, inventory.machines, loaded.machine) as rendering:
        slot = next((one for one in rendering.slots(asked.target) if one.path == asked.slot.path), None)
        if slot is None:
            raise refused(asked, "its rule would be written to other files then; change the rule by hand")
        told = rule_heads.in_our_form(slot, wanted)
        return taking.taken(rendering.traced(asked.target, slot), told, asked.target.variables)


def _told(asked: TakeRequest) -> bytes:
    """Return what the template asks for as it stands in the file, or of a file that is shared, with LF line ends."""
    if traits(asked.slot.rule.mode).shared:
        return kept_ends.with_end(asked.item.body, b"\n")
    return asked.item.body if asked.change.after is None else asked.change.after.content


def _wanted(asked: TakeRequest, before: File) -> bytes:
    """Return what the template should produce: the file's text, with what the template changed since we wrote it."""
    base, told = asked.change.base, _told(asked)
    if not traits(asked.slot.rule.mode).shared:
        return _merged(asked, None if base is None else base.content, before.content, told)
    part = partial(strategy(asked.item.mode).part, asked.item)
    theirs, ours = part(before), part(None) or b""
    if theirs is None:
        block = f"the file has no block {asked.item.block_id!r}"
        raise refused(asked, f"{block}; where its id or its markers are older, take it with these, and rename it then")
    theirs = _merged(asked, None if base is None else part(base), theirs, ours)
    place = told.find(ours)
    return told[:place] + theirs + told[place + len(ours) :] if place >= 0 else theirs


def _merged(asked: TakeRequest, was: bytes | None, theirs: bytes, told: bytes) -> bytes:
    if was is None or was == told:
        return theirs
    try:
        return three_way.merge(was, theirs, told)
    except three_way.MergeConflict as clash:
        raise refused(asked, f"{clash}, and the template did too") from clash


class _Form(Struct, frozen=True):
    """How the file is now, and the line ends that its template is to have, if other ones."""

    before: File
    newline: bytes | None


def _changes(
    loaded: Loaded,
    asked: TakeRequest,
    there: Mapping[str, TemplateFile],
    heads: Mapping[str, TemplateFile],
    found: Taken,
    form: _Form,
) -> Taking:
    templates = {**heads, **{name: _edited(there[name], edits) for name, edits in found.edits.items()}}
    name, slot = asked.slot.template or "", asked.slot
    own = templates.get(name, there[name])
    if form.newline is not None:
        templates[name] = own = replace(own, content=kept_ends.with_end(own.content, form.newline))
    if not traits(slot.rule.mode).shared and not slot.parts and form.before.executable != asked.item.executable:
        templates[name] = replace(own, executable=form.before.executable)
    values = tuple(new_value(asked.target, name, new) for name, new in found.values.items())
    return Taking(templates, values)


def _edited(old: TemplateFile, edits: tuple[taking.Rewrite, ...]) -> TemplateFile:
    return replace(old, content=taking.edited(old.content.decode(), edits).encode())


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
        if new != old[name]
    ]
