"""Windsurf: `.windsurf/rules/NAME.md` with `trigger`, `globs` and `description`, 12,000 characters each.

The format: https://docs.windsurf.com/windsurf/cascade/memories. As in Cursor, patterns are neither quoted nor a list,
so this front matter is no YAML.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content.agents import front_matter, globs
from rollout.content.agents.rule import AgentFile, AgentRule, Body, Chosen
from rollout.model.limits import Limit

NAME = "windsurf"
PATHS = (".windsurf/rules/*.md",)
_FOLDER = PurePosixPath(".windsurf/rules")
_LIMIT = Limit("Windsurf", 12_000)


def files(chosen: Chosen) -> Iterator[AgentFile]:
    for rule in chosen.of(NAME):
        pieces = (_head(rule), Body(rule.name))
        yield AgentFile(_FOLDER / f"{rule.name}.md", pieces, limits=(_LIMIT,), plain_yaml=False)


def _head(rule: AgentRule) -> str:
    keys = [("trigger", "glob"), ("globs", globs.joined(rule.paths))] if rule.paths else [("trigger", "always_on")]
    keys += [("description", front_matter.text(rule.description))] if rule.description else []
    return front_matter.written(keys)


def read(path: PurePosixPath, text: str) -> list[AgentRule] | None:
    """Return the rule; None for one that the model or a person chooses."""
    found = front_matter.split(text)
    values = front_matter.values(found.head)
    if path.parent != _FOLDER or path.suffix != ".md" or values is None:
        return None
    paths, description = front_matter.listed(values.get("globs", "")), values.get("description", "")
    if set(values) - {"trigger", "globs", "description"} or isinstance(description, tuple):
        return None
    if values.get("trigger") != ("glob" if paths else "always_on"):
        return None
    return [AgentRule(path.stem, front_matter.trimmed(found.body), description, paths)]
