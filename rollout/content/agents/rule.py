"""A rule for coding agents, the files that agents read, and what every agent's module can say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from msgspec import Struct

from rollout.model.limits import Limit

FOLDER = "rules"  # of a template set
# In the order in which their files are written; the table says which module is which.
NAMES = ("claude", "agents-md", "cursor", "copilot", "gemini", "windsurf", "codex")


def is_rule(path: PurePosixPath) -> bool:
    """Tell whether a path of a template set is a rule's."""
    return path.parts[0] == FOLDER and len(path.parts) > 1


class AgentRule(Struct, frozen=True):
    """What agents are to heed; without `paths` in all files, without `agents` by all agents."""

    name: str
    text: str = ""
    description: str = ""
    paths: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()

    def is_for(self, agent: str) -> bool:
        return not self.agents or agent in self.agents

    @property
    def said(self) -> AgentRule:
        """Return what the rule says, without its list of readers."""
        return AgentRule(self.name, self.text, self.description, self.paths)


class Body(Struct, frozen=True):
    """The place in a file where the text of a rule stands."""

    rule: str


Piece = str | Body


class AgentFile(Struct, frozen=True):
    """A file that an agent reads, made of rules; `shared` where the rest of it is a person's."""

    path: PurePosixPath
    pieces: tuple[Piece, ...]
    shared: bool = False
    limits: tuple[Limit, ...] = ()
    plain_yaml: bool = True  # its front matter, if it has any, is YAML

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(piece.rule for piece in self.pieces if isinstance(piece, Body))


class Chosen(Struct, frozen=True):
    """The agents of a target, each with the rules that it is to read, in the order of their names."""

    rules: Mapping[str, tuple[AgentRule, ...]]

    def of(self, *agents: str) -> tuple[AgentRule, ...]:
        """Return the rules that any of these agents is to read."""
        found = {rule.name: rule for agent in agents for rule in self.rules.get(agent, ())}
        return tuple(found[name] for name in sorted(found))


class Agent(Protocol):
    """One agent. Each is a module with these names."""

    NAME: str
    PATHS: tuple[str, ...]  # its files, as patterns

    def files(self, chosen: Chosen, /) -> Iterator[AgentFile]:
        """Yield the files that the agent reads."""

    def read(self, path: PurePosixPath, text: str, /) -> Sequence[AgentRule] | None:
        """Return the rules that one of its files holds, None if rules cannot say what it says."""


def chosen(agents: Sequence[str], rules: Sequence[AgentRule]) -> Chosen:
    ordered = sorted(rules, key=lambda rule: rule.name)
    return Chosen({agent: tuple(rule for rule in ordered if rule.is_for(agent)) for agent in agents})
