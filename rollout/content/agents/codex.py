"""Codex, which reads AGENTS.md from the repository's top down, 32 KiB in all.

The format: https://developers.openai.com/codex/guides/agents-md.
"""

from __future__ import annotations

from rollout.content.agents.agents_md import PATHS, files, read

NAME = "codex"

__all__ = ["NAME", "PATHS", "files", "read"]
