"""What the render process is asked, one request at a time, and its answers as values."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, assert_never

from msgspec import Struct

from rollout.model.inventory import YamlValue
from rollout.model.parts import Answer, Question
from rollout.model.tracing import Segment
from rollout.rendering.child_process import SECONDS, Child
from rollout.rendering.child_request import Ask, ChildRequest, NamedTemplate
from rollout.rendering.template_fault import TemplateFault, TemplateLimit
from rollout.safety import secrets

Variables = Mapping[str, YamlValue]

_TRIES = 2  # with variables of one target a template may hit a limit that it keeps with those of others


class Made(Struct, frozen=True):
    """A rendered text, and the questions whose answers are in it."""

    body: bytes
    used: tuple[Question, ...] = ()


class Open(Struct, frozen=True):
    """The questions to answer before a template can be rendered."""

    questions: tuple[Question, ...]


class Requests:
    """The render process of one set of templates; where a template fails, each request raises TemplateFault."""

    def __init__(self, texts: Mapping[str, str], seconds: float = SECONDS) -> None:
        self._child = Child(texts, seconds)
        self._lock = Lock()
        self._limited: dict[NamedTemplate, list[TemplateLimit]] = {}  # how each template hit a limit

    def begin(self) -> None:
        """Start the process: a request will come."""
        with self._lock:
            self._child.begin()

    def ended(self, *, well: bool) -> None:
        """Let the process wait for other templates, or end it where a request may still be waiting for its answer."""
        if well and self._lock.acquire(blocking=False):
            self._child.release()
            self._lock.release()
        else:
            self._child.close()

    def uses(self, template: NamedTemplate) -> list[str] | None:
        """Return the variables that a template can read, or None if only a run can tell."""
        with self._lock:
            found: list[str] | None = self._within_limits(ChildRequest(Ask.USES, *template))["uses"]
        return found

    def traced(self, template: NamedTemplate, variables: Variables) -> list[Segment]:
        """Return the source of each piece of a rendered template."""
        with self._lock:
            reply = self._within_limits(ChildRequest(Ask.TRACE, *template, variables))
        return [Segment(*one) for one in reply["segments"]]

    def rendered(
        self, template: NamedTemplate, variables: Variables, answers: Mapping[Question, Answer] | None = None
    ) -> Made | Open:
        with self._lock:
            reply = self._within_limits(ChildRequest(Ask.RENDER, *template, variables, answers or {}))
        if "open" in reply:
            return Open(tuple(Question(*question) for question in reply["open"]))
        return Made(reply["body"].encode(), tuple(Question(*question) for question in reply["used"]))

    def made(self, template: NamedTemplate, variables: Variables) -> Made:
        """Return the text of a template that may read no files."""
        match self.rendered(template, variables):
            case Made() as made:
                return made
            case Open(questions):
                raise TemplateFault.of(template[0], f"{questions[0].words}: no file can be read here")
            case never:
                assert_never(never)

    def _within_limits(self, request: ChildRequest) -> dict[str, Any]:
        """Ask, unless the template hit a limit too often already: each time ends a process, or takes long."""
        hits = self._limited.setdefault((request.name, request.delimiters), [])
        if len(hits) >= _TRIES:
            last = hits[-1]
            raise TemplateLimit(f"{last.what} ({_TRIES} times; it is not tried again)", last.place, last.missing)
        try:
            return self._child.ask(request)
        except TemplateLimit as fault:
            hits.append(fault)
            raise
        except TemplateFault as fault:
            said = secrets.masked(fault.what, secrets.named(request.variables))
            raise TemplateFault(said, fault.place, fault.missing) from None
