"""What went wrong while a template was parsed or rendered: in words, with the line of the template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from rollout.errors import Place
from rollout.model.delimiters import Delimiters
from rollout.rendering import sandbox, syntax
from rollout.rendering.template_fault import TemplateFault

if TYPE_CHECKING:
    import jinja2

    from rollout.model.inventory import YamlValue


class Attempt(NamedTuple):
    """A template that was rendered, and what it was rendered with."""

    name: str
    texts: Mapping[str, str]  # of all templates
    delimiters: Delimiters
    environment: jinja2.Environment
    variables: Mapping[str, YamlValue]


def file_of(name: str) -> str:
    """Return the file of a template, as messages name it and as Jinja is told."""
    return f"templates/{name}"


def in_words(error: jinja2.TemplateError, text: str, delimiters: Delimiters) -> str:
    """Say what is wrong with a template, with the way out if its own text contains such delimiters."""
    return f"{error.message or type(error).__name__}{sandbox.hint(text, delimiters)}"


def rendering_fault(error: Exception, attempt: Attempt) -> TemplateFault:
    """Return what an error means that rendering ended with."""
    from jinja2 import TemplateError, TemplateSyntaxError
    from jinja2.exceptions import SecurityError

    if isinstance(error, MemoryError):
        return TemplateFault.of(attempt.name, "template limit: needs too much memory")
    if isinstance(error, TemplateSyntaxError):
        broken = error.name or attempt.name
        return TemplateFault.of(broken, in_words(error, attempt.texts[broken], attempt.delimiters), line=error.lineno)
    place = _line_of(error, attempt)
    if isinstance(error, SecurityError):
        return TemplateFault(f"not allowed in a template: {error}", place)
    if isinstance(error, TemplateError):
        missing = getattr(error, "variable", None) if isinstance(error, sandbox.missing_variable()) else None
        return TemplateFault(in_words(error, attempt.texts[attempt.name], attempt.delimiters), place, missing)
    return TemplateFault(_called(error, attempt) or f"{type(error).__name__}: {error}", place)


def _called(error: Exception, attempt: Attempt) -> str | None:
    """Say which variable a template calls as if it were a function, where that is the error."""
    if not isinstance(error, TypeError) or "not callable" not in str(error):
        return None
    called = syntax.called(attempt.environment, attempt.texts[attempt.name], attempt.variables)
    return f"{called!r} is a variable here, and no function; give the variable another name" if called else None


def _line_of(error: BaseException, attempt: Attempt) -> Place:
    """Return the innermost template line an error came through."""
    place, files = Place(file_of(attempt.name)), {file_of(one) for one in attempt.texts}
    trace = error.__traceback__
    while trace is not None:
        if (file := trace.tb_frame.f_code.co_filename) in files:
            place = Place(file, trace.tb_lineno)
        trace = trace.tb_next
    return place
