"""Several rules in one file: each under a mark that names it, and under the paths that it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rollout.content.agents.front_matter import trimmed
from rollout.content.agents.globs import spread
from rollout.content.agents.rule import AgentRule, Body, Piece

_MARK = re.compile(r"^<!-- rule: ([A-Za-z0-9][A-Za-z0-9._-]*) -->[ \t]*$", re.MULTILINE)
# How a rule's paths and the pointer to a rule begin in a file, which is read back.
_ONLY, _BEFORE = "Only for files that match ", "Before you work on files that match "
_SCOPE = re.compile(rf"{_ONLY}(`[^`\n]+`(?:, `[^`\n]+`)*):\n+")


def pieces(rules: Sequence[AgentRule], elsewhere: Sequence[AgentRule] = (), place: str = "") -> tuple[Piece, ...]:
    """Return a file's text; those of the rules that stand `elsewhere` are only pointed at, by a `place` with NAME."""
    if len(rules) == 1 and not rules[0].paths:
        return (Body(rules[0].name),)
    found: list[Piece] = []
    for rule in rules:
        above = "\n" if found else ""
        if rule in elsewhere:
            found.append(f"{above}{_mark(rule)}{_pointer(rule, place)}")
        else:
            found += [f"{above}{_mark(rule)}{_scope(rule)}", Body(rule.name)]
    return tuple(found)


def _mark(rule: AgentRule) -> str:
    return f"<!-- rule: {rule.name} -->\n"


def _paths(rule: AgentRule) -> str:
    return ", ".join(f"`{path}`" for path in spread(rule.paths))


def _scope(rule: AgentRule) -> str:
    return f"{_ONLY}{_paths(rule)}:\n\n" if rule.paths else ""


def _pointer(rule: AgentRule, place: str) -> str:
    return f"{_BEFORE}{_paths(rule)}, read `{place.replace('NAME', rule.name)}`.\n"


def has_mark(text: str) -> bool:
    """Tell whether a text holds a line that would be read as the mark of a rule."""
    return _MARK.search(text) is not None or _SCOPE.match(text) is not None


def read(text: str, name: str) -> list[AgentRule]:
    """Return the rules that a text holds; without marks it is one, under this name."""
    marks = list(_MARK.finditer(text))
    if not marks:
        return [AgentRule(name, trimmed(text))] if text.strip() else []
    above = trimmed(text[: marks[0].start()])
    found = [AgentRule(name, above)] if above else []
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=True):
        found.append(_rule(mark[1], trimmed(text[mark.end() : end])))
    return [rule for rule in found if not rule.text.startswith(f"{_BEFORE}`")]


def _rule(name: str, said: str) -> AgentRule:
    scope = _SCOPE.match(said)
    if scope is None:
        return AgentRule(name, said)
    return AgentRule(name, trimmed(said[scope.end() :]), paths=tuple(scope[1].strip("`").split("`, `")))
