"""Render a template that reads files: again, until every question it asks is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from rollout.model.parts import Answer, Question
from rollout.rendering.child_request import NamedTemplate
from rollout.rendering.output import Output
from rollout.rendering.requests import Made, Open, Requests, Variables
from rollout.rendering.template_fault import TemplateFault

_ROUNDS = 50  # how often a template may ask for files because of what it read
_MAX_READ = 32 << 20  # characters that one template may read from files

Reader = Callable[[Sequence[Question]], Mapping[Question, Answer]]


def rendered(requests: Requests, template: NamedTemplate, variables: Variables, reader: Reader) -> Output:
    """Return a template's text with what it read; `reader` answers its questions."""
    answers: dict[Question, Answer] = {}
    for _ in range(_ROUNDS):
        match requests.rendered(template, variables, answers):
            case Made(body, used):
                return Output(body, tuple((question, answers[question]) for question in used))
            case Open(questions):
                answers |= reader(questions)
            case never:
                assert_never(never)
        if sum(len(answer.text or "") for answer in answers.values()) > _MAX_READ:
            raise TemplateFault.of(template[0], f"template limit: reads more than {_MAX_READ >> 20} MiB")
    what = f"template limit: what it read made it ask for more files {_ROUNDS} times"
    raise TemplateFault.of(template[0], what)
