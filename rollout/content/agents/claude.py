"""Claude Code: CLAUDE.md, and `.claude/rules/NAME.md` with `paths` for what is about some files alone.

The format: https://code.claude.com/docs/en/memory. A line `@AGENTS.md` imports that file; where it does, no rule stands
in both. Claude Code warns of a CLAUDE.md of more than 40,000 characters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content.agents import agents_md, front_matter, joint
from rollout.content.agents.rule import AgentFile, AgentRule, Body, Chosen, Piece
from rollout.model.limits import Limit

NAME = "claude"
PATHS = ("CLAUDE.md", ".claude/rules/*.md")
PATH = PurePosixPath("CLAUDE.md")
_FOLDER = PurePosixPath(".claude/rules")
_LIMIT = Limit("Claude Code", 40_000)
_IMPORT = f"@{agents_md.PATH}\n"


def files(chosen: Chosen) -> Iterator[AgentFile]:
    pieces = _pieces(chosen)
    if pieces:
        yield AgentFile(PATH, pieces, shared=True, limits=(_LIMIT,))
    for rule in agents_md.scoped(chosen):
        yield AgentFile(_FOLDER / f"{rule.name}.md", (_head(rule), Body(rule.name)))


def _pieces(chosen: Chosen) -> tuple[Piece, ...]:
    everywhere = [rule for rule in chosen.of(NAME) if not rule.paths]
    if not agents_md.imported(chosen):
        return joint.pieces(everywhere)
    there = chosen.of(*agents_md.READERS)
    own = joint.pieces([rule for rule in everywhere if rule not in there])
    return (_IMPORT, "\n", *own) if own else (_IMPORT,)


def _head(rule: AgentRule) -> str:
    paths = "".join(f"  - {json.dumps(path, ensure_ascii=False)}\n" for path in rule.paths)
    return f"---\npaths:\n{paths}---\n\n"


def read(path: PurePosixPath, text: str) -> list[AgentRule] | None:
    if path == PATH:
        without = text.removeprefix(_IMPORT)
        return joint.read(without, "claude")
    found = front_matter.split(text)
    values = front_matter.values(found.head)
    if path.parent != _FOLDER or values is None or set(values) != {"paths"}:
        return None
    paths = front_matter.listed(values["paths"])
    return [AgentRule(path.stem, front_matter.trimmed(found.body), paths=paths)] if paths else None
