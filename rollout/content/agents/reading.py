"""`rules/NAME.md` of a template set: its front matter as a rule, with all that is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from rollout.content.agents import front_matter, globs, joint
from rollout.content.agents.rule import FOLDER, NAMES, AgentRule
from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from rollout.content.yaml.nodes import Fault, Leaf, Node
from rollout.errors import near
from rollout.model.delimiters import Delimiters

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KEYS = ("description", "paths", "agents")


def rule_of(path: PurePosixPath, text: str) -> tuple[AgentRule, list[Fault]]:
    """Return the rule that a text says, and what is wrong with it; its body is as the template has it."""
    parts = front_matter.split(text)
    faults = [*_name_faults(path)]
    if not parts.head and text.removeprefix("\ufeff").startswith("---\n"):
        faults.append(Fault(1, "the front matter does not end; write a line --- below it"))
    if not parts.body.strip():
        faults.append(Fault(1, "the rule says nothing: there is no text below its front matter"))
    node, wrong = yaml_parse.parse(parts.lines)
    faults += [Fault(one.line + 1, f"the front matter does not parse: {one.message}") for one in wrong]
    if node is not None and not isinstance(node, yaml_nodes.Mapping):
        faults.append(Fault(2, "the front matter is no mapping; it takes description, paths and agents"))
    told = node if isinstance(node, yaml_nodes.Mapping) and not wrong else yaml_nodes.Mapping({}, {}, 1)
    faults += _faults(told)
    entries = told.entries
    description, paths, agents = (_texts(entries.get(key)) for key in _KEYS)
    return AgentRule(path.stem, parts.body, description[0] if description else "", paths, agents), faults


def rendered_head(text: str, delimiters: Delimiters) -> Fault | None:
    """Say that front matter has marks of a template: it decides which files there are, so it is not rendered."""
    for number, line in enumerate(front_matter.split(text).head.split("\n"), 1):
        mark = next((mark for mark in delimiters.marks.opening if mark in line), None)
        if mark is not None:
            return Fault(number, f"the front matter is not rendered, and has {mark}; variables may stand below it")
    return None


def _name_faults(path: PurePosixPath) -> Iterator[Fault]:
    if len(path.parts) > 2:
        yield Fault(1, f"rules have no folders; name it {FOLDER}/{path.name}")
    if path.suffix != ".md":
        yield Fault(1, f"is no rule, which is {FOLDER}/NAME.md")
    elif not _NAME.fullmatch(path.stem):
        yield Fault(1, f"{path.stem!r} is no name of a rule: letters, digits, '.', '_' and '-'")


def _faults(told: yaml_nodes.Mapping) -> Iterator[Fault]:
    for key, node in told.entries.items():
        line = told.key_lines[key] + 1
        if key not in _KEYS:
            yield Fault(line, f"unknown key {key!r}{near(key, _KEYS, 'allowed: ' + ', '.join(_KEYS))}")
        elif not _fits(key, node):
            takes = "a text on one line" if key == "description" else "a text or a list of texts, and not an empty one"
            yield Fault(line, f"{key}: takes {takes}")
        else:
            yield from (Fault(line, f"{key}: {why}") for why in _wrong(key, _texts(node)))


def _fits(key: str, node: Node) -> bool:
    found = _texts(node)
    if key == "description":
        return isinstance(node, Leaf) and len(found) == 1 and found[0].isprintable()
    number = len(node.items) if isinstance(node, yaml_nodes.Sequence) else 1
    return 0 < number == len(found)


def _wrong(key: str, found: Sequence[str]) -> Iterator[str]:
    for one in found:
        if key == "agents" and one not in NAMES:
            yield f"no agent is named {one!r}{near(one, NAMES, 'there are ' + ', '.join(NAMES))}"
        why = globs.fault(one) if key == "paths" else None
        if why:
            yield f"{one!r} {why}"


def _texts(node: Node | None) -> tuple[str, ...]:
    items = node.items if isinstance(node, yaml_nodes.Sequence) else () if node is None else (node,)
    return tuple(one.value for one in items if isinstance(one, Leaf) and isinstance(one.value, str) and one.value)


def written(rule: AgentRule) -> str:
    """Return the text of `rules/NAME.md`."""
    keys = [f"description: {front_matter.text(rule.description)}"] if rule.description else []
    keys += [listed(key, found) for key, found in (("paths", rule.paths), ("agents", rule.agents)) if found]
    head = "".join(f"{line}\n" for line in ("---", *keys, "---", "")) if keys or rule.text.startswith("---") else ""
    return head + rule.text


def listed(key: str, found: Sequence[str]) -> str:
    """Return a line that says a list."""
    return f"{key}: [{', '.join(map(item, found))}]"


def item(said: str) -> str:
    """Return an entry of a list, in quotes where YAML may take it for something else."""
    return said if re.fullmatch(r"[A-Za-z][\w-]*", said) else json.dumps(said)


def faults_of(rule: AgentRule) -> list[Fault]:
    """Return why a rule cannot be written as one."""
    return rule_of(PurePosixPath(FOLDER, f"{rule.name}.md"), written(rule))[1]


def refused(body: str) -> str | None:
    """Say why a rule's text would be taken for several rules where agents read it among others, or None."""
    if joint.has_mark(body):
        return "holds a line by which rules are told apart in one file: <!-- rule: NAME -->"
    return None
