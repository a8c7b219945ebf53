"""`read` and `files` as templates see them: answered from what was read before; the rest is requested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollout.model.parts import Answer, Question

FUNCTIONS = ("files", "read")
_NO_DEFAULT = object()


class Unanswered(Exception):
    """A template asked a question that nobody has answered yet."""

    def __init__(self, questions: tuple[Question, ...]) -> None:
        super().__init__(f"{len(questions)} questions")
        self.questions = questions


class Reading:
    """The answers that one rendering has, the questions it used, and the open ones.

    An open question gets an empty answer, so that one rendering finds as many questions as it can; its text counts for
    nothing.
    """

    def __init__(self) -> None:
        self.begin({})

    def begin(self, answers: Mapping[Question, Answer]) -> None:
        self._answers = answers
        self._used: dict[Question, None] = {}
        self._open: dict[Question, None] = {}

    @property
    def used(self) -> tuple[Question, ...]:
        return tuple(self._used)

    @property
    def open(self) -> tuple[Question, ...]:
        return tuple(self._open)

    def read(self, path: str, target: str | None = None, default: Any = _NO_DEFAULT) -> Any:
        question = _question(path, target, glob=False)
        answer = self._answer(question)
        if answer is None:
            return "" if default is _NO_DEFAULT else default
        if answer.text is not None:
            return answer.text
        if default is not _NO_DEFAULT:
            return default
        raise _error(f"{question.words}: there is no such file; `default=` says what to take instead")

    def files(self, pattern: str, target: str | None = None) -> list[str]:
        answer = self._answer(_question(pattern, target, glob=True))
        return [] if answer is None else list(answer.paths)

    def _answer(self, question: Question) -> Answer | None:
        answer = self._answers.get(question)
        if answer is None:
            self._open[question] = None
            return None
        self._used[question] = None
        if answer.fault:
            raise _error(f"{question.words}: {answer.fault}")
        return answer


def _question(path: object, target: object, *, glob: bool) -> Question:
    if not isinstance(path, str) or not path:
        raise _error(f"{FUNCTIONS[not glob]}: takes a {'pattern' if glob else 'path'}, not {path!r}")
    if target is not None and not isinstance(target, str):
        raise _error(f"{FUNCTIONS[not glob]}: target= takes the name of a target, not {target!r}")
    return Question(path, target, glob)


def _error(message: str) -> Exception:
    from jinja2 import TemplateRuntimeError

    return TemplateRuntimeError(message)
