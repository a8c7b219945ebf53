"""Gemini CLI: GEMINI.md, which is plain Markdown.

The format: https://geminicli.com/docs/cli/gemini-md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content.agents import joint
from rollout.content.agents.rule import AgentFile, AgentRule, Chosen

NAME = "gemini"
PATHS = ("GEMINI.md",)
_PATH = PurePosixPath("GEMINI.md")


def files(chosen: Chosen) -> Iterator[AgentFile]:
    rules = chosen.of(NAME)
    if rules:
        yield AgentFile(_PATH, joint.pieces(rules), shared=True)


def read(path: PurePosixPath, text: str) -> list[AgentRule] | None:
    return joint.read(text, "gemini") if path == _PATH else None
