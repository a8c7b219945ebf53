"""One request to the process that renders: as a value on both sides, and as the message between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from rollout.model.delimiters import Delimiters
from rollout.model.parts import Answer, Question

if TYPE_CHECKING:
    from rollout.model.inventory import YamlValue


NamedTemplate = tuple[str, Delimiters]  # a template, by its path under templates/, and its delimiters


class Ask(StrEnum):
    """What is asked about a template."""

    USES = "uses"  # the variables that it can read
    TRACE = "trace"  # the source of each piece of its text
    RENDER = "render"


class ChildRequest(NamedTuple):
    """What is asked about one template; it is a named tuple because the child starts faster without msgspec."""

    ask: Ask
    name: str
    delimiters: Delimiters
    variables: Mapping[str, YamlValue] = {}
    answers: Mapping[Question, Answer] = {}

    @property
    def message(self) -> dict[str, Any]:
        return {**self._asdict(), "answers": [[question, answer] for question, answer in self.answers.items()]}


def request_in(message: Mapping[str, Any]) -> ChildRequest:
    """Return the request that a message holds."""
    answers = {
        Question(*question): Answer(text, tuple(paths), fault) for question, (text, paths, fault) in message["answers"]
    }
    return ChildRequest(
        Ask(message["ask"]), message["name"], Delimiters(message["delimiters"]), message["variables"], answers
    )
