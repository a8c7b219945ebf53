"""GitHub Copilot: `.github/copilot-instructions.md`, and `.github/instructions/NAME.instructions.md` with `applyTo`.

The format: https://docs.github.com/en/copilot/how-tos/configure-custom-instructions-in-your-ide/add-repository-instructions-in-your-ide.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content.agents import front_matter, globs, joint
from rollout.content.agents.rule import AgentFile, AgentRule, Body, Chosen

NAME = "copilot"
PATHS = (".github/copilot-instructions.md", ".github/instructions/*.instructions.md")
_PATH = PurePosixPath(".github/copilot-instructions.md")
_FOLDER = PurePosixPath(".github/instructions")
_SUFFIX = ".instructions.md"


def files(chosen: Chosen) -> Iterator[AgentFile]:
    everywhere = [rule for rule in chosen.of(NAME) if not rule.paths]
    if everywhere:
        yield AgentFile(_PATH, joint.pieces(everywhere))
    for rule in chosen.of(NAME):
        if rule.paths:
            yield AgentFile(_FOLDER / f"{rule.name}{_SUFFIX}", (_head(rule), Body(rule.name)))


def _head(rule: AgentRule) -> str:
    keys = [("description", front_matter.text(rule.description))] if rule.description else []
    return front_matter.written([*keys, ("applyTo", f'"{globs.joined(rule.paths)}"')])


def read(path: PurePosixPath, text: str) -> list[AgentRule] | None:
    if path == _PATH:
        return joint.read(text, "copilot")
    found = front_matter.split(text)
    values = front_matter.values(found.head)
    if path.parent != _FOLDER or values is None or set(values) - {"description", "applyTo"}:
        return None
    paths, description = front_matter.listed(values.get("applyTo", "")), values.get("description", "")
    if not path.name.endswith(_SUFFIX) or not paths or isinstance(description, tuple):
        return None
    return [AgentRule(path.name.removesuffix(_SUFFIX), front_matter.trimmed(found.body), description, paths)]
