"""Which module is which agent, and what all of them together make of rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.content.agents import agents_md, claude, codex, copilot, cursor, gemini, windsurf
from rollout.content.agents.globs import spread
from rollout.content.agents.rule import NAMES, Agent, AgentFile, AgentRule, chosen

_AGENTS: Mapping[str, Agent] = {
    module.NAME: module for module in (claude, agents_md, cursor, copilot, gemini, windsurf, codex)
}


def files(agents: Sequence[str], rules: Sequence[AgentRule]) -> tuple[AgentFile, ...]:
    """Return the files that agents read of rules, each once."""
    found = chosen(agents, rules)
    made = {file.path: file for agent in NAMES if agent in agents for file in _AGENTS[agent].files(found)}
    return tuple(made[path] for path in sorted(made))


def read(agent: str, path: PurePosixPath, text: str) -> tuple[AgentRule, ...] | None:
    """Return the rules that a file of an agent holds, or None if it is no such file, or says what rules cannot say."""
    found = _AGENTS[agent].read(path, text)
    return None if found is None else tuple(found)


def readers(path: PurePosixPath) -> tuple[str, ...]:
    """Return the agents that read a file of this name."""
    return tuple(agent for agent, module in _AGENTS.items() if any(fnmatchcase(str(path), one) for one in module.PATHS))


def owners(path: PurePosixPath) -> tuple[str, ...]:
    """Return the agents whose own file has this name; Codex has none, for it reads the file of agents-md."""
    return tuple(agent for agent in readers(path) if agent != codex.NAME)


def say_the_same(path: PurePosixPath, one: bytes, other: bytes) -> bool:
    """Tell whether an agent reads the same rules in two files that differ in their form alone."""
    if one == other:
        return True
    return any(_same(agent, path, one, other) for agent in readers(path))


def _same(agent: str, path: PurePosixPath, one: bytes, other: bytes) -> bool:
    try:
        read_one, read_other = (read(agent, path, content.decode()) for content in (one, other))
    except UnicodeDecodeError:
        return False
    return read_one is not None and read_other is not None and _spread(read_one) == _spread(read_other)


def _spread(rules: Sequence[AgentRule]) -> list[AgentRule]:
    return [replace(rule, paths=spread(rule.paths)) for rule in rules]
