"""AGENTS.md, which Codex, Cursor, Copilot, Windsurf and many others read: one file of plain Markdown.

The format: https://agents.md. It has no front matter, so a rule with paths says in words what it is about. Claude Code
reads AGENTS.md where there is no CLAUDE.md, or where CLAUDE.md imports it (https://code.claude.com/docs/en/memory);
rules that it finds in `.claude/rules` are then only pointed at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content.agents import joint
from rollout.content.agents.rule import AgentFile, AgentRule, Chosen
from rollout.model.limits import Limit, LimitUnit

NAME = "agents-md"
PATHS = ("AGENTS.md",)
PATH = PurePosixPath("AGENTS.md")
READERS = (NAME, "codex")
CODEX = Limit(
    "Codex", 32 * 1024, LimitUnit.BYTES
)  # project_doc_max_bytes, https://developers.openai.com/codex/guides/agents-md


def files(chosen: Chosen) -> Iterator[AgentFile]:
    rules = chosen.of(*READERS)
    if rules:
        elsewhere = scoped(chosen) if imported(chosen) else ()
        yield AgentFile(PATH, joint.pieces(rules, elsewhere, CLAUDE_RULES), shared=True, limits=(CODEX,))


CLAUDE_RULES = ".claude/rules/NAME.md"


def imported(chosen: Chosen) -> bool:
    """Tell whether Claude may read all of AGENTS.md: it holds no rule that is for others alone."""
    rules, claude = chosen.of(*READERS), chosen.of("claude")
    return bool(rules) and "claude" in chosen.rules and all(rule in claude for rule in rules)


def scoped(chosen: Chosen) -> tuple[AgentRule, ...]:
    return tuple(rule for rule in chosen.of("claude") if rule.paths)


def read(path: PurePosixPath, text: str) -> list[AgentRule] | None:
    return joint.read(text, "agents") if path == PATH else None
