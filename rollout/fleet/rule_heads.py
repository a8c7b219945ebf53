"""Bring a person's change of what stands above rules, description and paths, into the front matter of the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from rollout.content.agents import editing, front_matter, reading, table
from rollout.content.agents.rule import AgentRule
from rollout.model.files import Slot, TemplateFile

Templates = Mapping[str, TemplateFile]


class NoRuleSays(Exception):
    """What a person wrote above a rule, and no rule can say."""


def edited(slot: Slot, templates: Templates, agents: Sequence[str], now: str, wanted: str) -> dict[str, TemplateFile]:
    """Return the rules that have to say other things above their texts for a file to read as wanted.

    `now` is what they make of the file. Raise NoRuleSays for what only its agent understands.
    """
    agent = next((one for one in table.readers(slot.path) if one in agents), None)
    if not slot.parts or agent is None:
        return {}
    read, new = (table.read(agent, slot.path, text) for text in (now, wanted))
    if read is None or new is None:
        raise NoRuleSays(_beyond(slot, agent))
    sources = {slot.path.stem: slot for slot in slot.sources}
    rules = [_rule(one, templates) for one in sources.values()]
    told = {rule.name: rule for rule in rules}
    return {
        template.name: replace(template, content=_content(template, told[rule.name], rule))
        for rule in editing.changed(rules, read, new)
        for template in [templates[sources[rule.name].template or ""]]
    }


def in_our_form(slot: Slot, wanted: str) -> str:
    """Return a text with the front matter that its rule makes: what is written above it may have another form."""
    head, found = slot.parts[0] if slot.parts else "", front_matter.split(wanted)
    if not isinstance(head, str) or not front_matter.split(head).head:
        return wanted
    return head + front_matter.trimmed(found.body)


def _text(template: TemplateFile) -> str:
    return template.content.decode().replace("\r\n", "\n")


def _rule(slot: Slot, templates: Templates) -> AgentRule:
    return reading.rule_of(slot.path, _text(templates[slot.template or ""]))[0]


def _content(template: TemplateFile, old: AgentRule, new: AgentRule) -> bytes:
    said = editing.with_head(_text(template), old, new)
    return (said.replace("\n", "\r\n") if b"\r\n" in template.content else said).encode()


def _beyond(slot: Slot, agent: str) -> str:
    rule = f"templates/{slot.template}"
    return (
        f"{agent} would read what no rule says: a rule has a description and paths, which {rule} says for all agents; "
        f"`rollout apply --on-drift {slot.path}=keep` keeps the file; or make a template of it, and leave {agent} out "
        f"of {rule} (agents)"
    )
