"""The rules of a target's template sets become the files that its agents read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.agents.rule import AgentFile, AgentRule, Body, is_rule
from rollout.inventory.rules import rule_for
from rollout.model.files import Excerpt, Slot, TemplateFile
from rollout.model.inventory import FilePattern, FileRule, Target
from rollout.model.tracing import Segment
from rollout.rendering.template_fault import TemplateFault


class _Told(Struct, frozen=True):
    """One rule of a target, and the part of its files that says it."""

    rule: AgentRule
    excerpt: Excerpt


def with_rules(
    target: Target, found: Mapping[PurePosixPath, Slot], templates: Mapping[str, TemplateFile], patterns: Patterns
) -> dict[PurePosixPath, Slot]:
    """Return the managed paths with those that agents read, in the place of the rules.

    Raises TemplateFault for a rule that cannot be read, and for a file that a template writes, too.
    """
    if target.agents is None:
        return dict(found)
    from rollout.content.agents import table  # most targets have no rules

    told, faults = _told(found, templates)
    if faults:
        raise faults[0]
    made = {path: slot for path, slot in found.items() if not is_rule(path)}
    for file in table.files(target.agents, [one.rule for one in told.values()]):
        slot = _slot(file, told, patterns, target.templates)
        if file.path in made:
            what = f"{file.path} is made of rules ({', '.join(sorted(file.rules))}), and of templates/"
            other = made[file.path].template
            raise TemplateFault.of(slot.template or "", f"{what}{other}; make a rule of that template, too")
        made[file.path] = slot
    return made


Patterns = tuple[FilePattern, ...]


def faults(found: Mapping[PurePosixPath, Slot], templates: Mapping[str, TemplateFile]) -> list[TemplateFault]:
    """Return all that is wrong with the rules among these paths."""
    return _told(found, templates)[1]


def _told(
    found: Mapping[PurePosixPath, Slot], templates: Mapping[str, TemplateFile]
) -> tuple[dict[str, _Told], list[TemplateFault]]:
    from rollout.content.agents import front_matter, reading

    told: dict[str, _Told] = {}
    wrong: list[TemplateFault] = []
    for path, slot in found.items():
        if not is_rule(path) or slot.template is None:
            continue
        try:
            text = templates[slot.template].content.decode().replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            wrong.append(TemplateFault.not_text(slot.template, error))
            continue
        rule, faults = reading.rule_of(path, text)
        if slot.is_rendered:
            marked = reading.rendered_head(text, slot.rule.delimiters)
            faults = [*faults, *([marked] if marked else [])]
        wrong += [TemplateFault.of(slot.template, fault.message, line=fault.line) for fault in faults]
        told[rule.name] = _Told(rule, Excerpt(slot, front_matter.split(text).head))
    return told, wrong


def _slot(file: AgentFile, told: Mapping[str, _Told], patterns: Patterns, sets: Iterable[str]) -> Slot:
    """Return a file that is made of rules; its block is named after the first set that has one of them."""
    parts = tuple(told[piece.rule].excerpt if isinstance(piece, Body) else piece for piece in file.pieces)
    named = [told[name].excerpt.slot for name in file.rules] or [one.excerpt.slot for one in told.values()]
    first = min(named, key=lambda slot: list(sets).index(slot.set))
    rule = rule_for(patterns, str(file.path), shared=file.shared)
    return Slot(file.path, first.set, first.template, _heeding(rule, named, file), parts)


def _heeding(rule: FileRule, named: Iterable[Slot], file: AgentFile) -> FileRule:
    """Return how a file is written: what its rules are allowed it may say, too."""
    rules = [slot.rule for slot in named]
    allow = {
        *rule.allow,
        *(name for one in rules for name in one.allow),
        *(() if file.plain_yaml else ("front-matter",)),
    }
    placeholders = {*rule.placeholders, *(name for one in rules for name in one.placeholders)}
    used = {one.delimiters for one in rules}
    return replace(
        rule,
        allow=tuple(sorted(allow)),
        placeholders=tuple(sorted(placeholders)),
        delimiters=used.pop() if len(used) == 1 else rule.delimiters,
        limits=file.limits,
    )


def text_of(excerpt: Excerpt, rendered: str) -> tuple[int, int]:
    """Return where in a rendered rule its text stands, without its front matter and without blank lines around it.

    Raises TemplateFault for a text that agents could not tell from several rules.
    """
    from rollout.content.agents import front_matter, reading

    name = excerpt.slot.template or ""
    head = excerpt.head.rstrip("\n")
    if not rendered.startswith(head):
        raise TemplateFault.of(name, "the front matter does not come out as it stands there")
    text = rendered[len(head) :]
    why = reading.refused(text)
    if why:
        raise TemplateFault.of(name, why)
    said = front_matter.trimmed(text)
    start = len(head) + text.find(said.removesuffix("\n"))
    if start + len(said) > len(rendered):
        raise TemplateFault.of(name, "its last line has no end")
    return start, start + len(said)


def own_text(name: str, template: TemplateFile) -> Segment:
    """Return all of a rule that is not rendered, as what its template says."""
    text = template.content.decode().replace("\r\n", "\n")
    return Segment(text, name, 0, len(text), 1, literal=True)


def within(found: Iterable[Segment], start: int, end: int) -> list[Segment]:
    """Return the pieces of a text between two places in it."""
    kept, place = [], 0
    for segment in found:
        first, last = max(start - place, 0), min(end - place, len(segment.text))
        place += len(segment.text)
        if first < last:
            text = segment.text[first:last]
            moved = (
                segment._replace(text=text, start=segment.start + first)
                if segment.literal
                else segment._replace(text=text)
            )
            kept.append(moved)
    return kept
