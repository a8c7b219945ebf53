"""Cursor: `.cursor/rules/NAME.mdc` with `description`, `globs` and `alwaysApply`.

The format: https://cursor.com/docs/rules. Patterns stand between commas, without blanks, quotes or brackets: Cursor
takes the rest of the line as it is, and a quoted pattern matches nothing (tried on 3.17 in
cosai-oasis/project-codeguard#121; microsoft/apm#3002), so this front matter is no YAML.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content.agents import front_matter, globs
from rollout.content.agents.rule import AgentFile, AgentRule, Body, Chosen

NAME = "cursor"
PATHS = (".cursor/rules/*.mdc",)
_FOLDER = PurePosixPath(".cursor/rules")


def files(chosen: Chosen) -> Iterator[AgentFile]:
    for rule in chosen.of(NAME):
        yield AgentFile(_FOLDER / f"{rule.name}.mdc", (_head(rule), Body(rule.name)), plain_yaml=False)


def _head(rule: AgentRule) -> str:
    description = front_matter.text(rule.description) if rule.description else ""
    always = "false" if rule.paths else "true"
    return front_matter.written(
        [("description", description), ("globs", globs.joined(rule.paths)), ("alwaysApply", always)]
    )


def read(path: PurePosixPath, text: str) -> list[AgentRule] | None:
    """Return the rule; None for one that Cursor applies only when asked, or when its agent thinks fit."""
    found = front_matter.split(text)
    values = front_matter.values(found.head)
    if path.parent != _FOLDER or values is None or set(values) - {"description", "globs", "alwaysApply"}:
        return None
    paths, always = front_matter.listed(values.get("globs", "")), values.get("alwaysApply", "false")
    description = values.get("description", "")
    if isinstance(description, tuple) or always != ("false" if paths else "true"):
        return None
    return [AgentRule(path.stem, front_matter.trimmed(found.body), description, paths)]
