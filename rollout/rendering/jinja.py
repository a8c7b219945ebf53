"""Render templates in Jinja's sandbox: only what the rendering process needs, so that it starts fast."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rollout.content import spelled
from rollout.model.delimiters import Delimiters
from rollout.model.parts import Answer, Question
from rollout.model.tracing import Segment
from rollout.rendering import sandbox
from rollout.rendering.names_read import Sources, names_read
from rollout.rendering.reading import Reading, Unanswered
from rollout.rendering.template_errors import Attempt, file_of, rendering_fault
from rollout.rendering.template_fault import TemplateFault

if TYPE_CHECKING:
    import jinja2

    from rollout.model.inventory import YamlValue

_MAX_OUTPUT = 16 * 1024 * 1024
_ADDRESS = re.compile(r"<[^<>\n]* at 0x[0-9a-f]{6,}>")  # how Python shows an object that has no text


class Renderer:
    """Render templates that were all read before: nothing on the disk is looked at any more."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        self._templates = templates
        self._environments: dict[str, jinja2.Environment] = {}
        self._reading = Reading()

    def environment(self, delimiters: Delimiters) -> jinja2.Environment:
        if delimiters not in self._environments:
            made = sandbox.environment(self._source, delimiters)
            made.globals |= {"read": self._reading.read, "files": self._reading.files}
            self._environments[delimiters] = made
        return self._environments[delimiters]

    def _source(self, name: str) -> tuple[str, str, None] | None:
        text = self._templates.get(name)
        return None if text is None else (text, file_of(name), None)

    def uses(self, name: str, delimiters: Delimiters) -> list[str] | None:
        """Return the variables a template can read, or None; `read` and `files` are among them if it reads files."""
        return names_read(name, Sources(self._templates, delimiters, self.environment(delimiters)))

    @property
    def used(self) -> tuple[Question, ...]:
        """Return which answers the last rendered template used."""
        return self._reading.used

    def render(
        self,
        name: str,
        delimiters: Delimiters,
        variables: Mapping[str, YamlValue],
        answers: Mapping[Question, Answer] | None = None,
    ) -> bytes:
        """Return the rendered template, with these answers to what it reads.

        Raises TemplateFault with template, line and variable, and Unanswered if an answer is missing.
        """
        self._reading.begin(answers or {})
        first = self._answered(name, delimiters, variables)
        if self._answered(name, delimiters, variables) != first:
            raise TemplateFault.of(name, "renders differently the second time; it must depend on variables only")
        return first

    def traced(self, name: str, delimiters: Delimiters, variables: Mapping[str, YamlValue]) -> list[Segment]:
        """Return the pieces of a rendered template; raise TemplateFault if they cannot be known."""
        from jinja2 import TemplateError

        from rollout.rendering.tracing import Tracer

        self._reading.begin({})
        plain = self._answered(name, delimiters, variables).decode().replace("\r\n", "\n")
        environment = sandbox.environment(self._source, delimiters)
        tracer = Tracer(environment)
        try:
            found = tracer.segments(environment.get_template(name).render(**_copy(variables)))
        except (TemplateError, ValueError, TypeError) as error:
            raise TemplateFault.of(name, f"rollout cannot tell what made which line ({error})") from error
        if "".join(segment.text for segment in found) != plain:
            raise TemplateFault.of(
                name, "rollout cannot tell what made which line: code in it works on text that it wrote itself"
            )
        return found

    def _answered(self, name: str, delimiters: Delimiters, variables: Mapping[str, YamlValue]) -> bytes:
        try:
            made = self._once(name, delimiters, variables)
        except TemplateFault:
            if self._reading.open:
                raise Unanswered(self._reading.open) from None  # the cause may be an answer that we did not have yet
            raise
        if self._reading.open:
            raise Unanswered(self._reading.open)
        return made

    def _once(self, name: str, delimiters: Delimiters, variables: Mapping[str, YamlValue]) -> bytes:
        text = self._text(name, delimiters, variables)
        for printed in _ADDRESS.findall(text):
            if not any(printed in told for told in (*self._templates.values(), *map(str, variables.values()))):
                raise TemplateFault.of(name, f"prints {printed}, which is another one each time; print a value")
        if "\r\n" in self._templates[name] and "\r\n" not in text:
            text = text.replace("\n", "\r\n")  # Jinja reads every line end as LF; git attributes decide later
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise TemplateFault.of(name, "renders to text that is not valid Unicode") from error

    def _text(self, name: str, delimiters: Delimiters, variables: Mapping[str, YamlValue]) -> str:
        try:
            return _within_bounds(name, self.environment(delimiters).get_template(name).generate(**_copy(variables)))
        except TemplateFault:
            raise
        except Exception as error:  # anything that a template can cause: a wrong type, a division by zero
            raise rendering_fault(error, self._attempt(name, delimiters, variables)) from error

    def _attempt(self, name: str, delimiters: Delimiters, variables: Mapping[str, YamlValue]) -> Attempt:
        return Attempt(name, self._templates, delimiters, self.environment(delimiters), variables)


def _within_bounds(name: str, pieces: Iterable[str]) -> str:
    """Join what a template produces; raise TemplateFault as soon as it is too much."""
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > _MAX_OUTPUT:
            raise TemplateFault.of(name, "renders to more than 16 MiB")
        kept.append(piece)
    return "".join(kept)


def _copy(variables: Mapping[str, YamlValue]) -> dict[str, YamlValue]:
    return dict(spelled.loads(spelled.dumps(dict(variables))))
