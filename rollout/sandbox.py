"""Templates rendered in Jinja's sandbox: what the process that renders needs and no more, so that it starts fast."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

_MAX_OUTPUT = 16 * 1024 * 1024

_DELIMITERS: dict[str, dict[str, str]] = {
    "jinja": {},
    "shell": {"comment_start_string": "<#", "comment_end_string": "#>"},
    "angle": {
        "variable_start_string": "<<",
        "variable_end_string": ">>",
        "block_start_string": "<%",
        "block_end_string": "%>",
        "comment_start_string": "<#",
        "comment_end_string": "#>",
    },
}


class TemplateFault(Exception):
    """A template that does not parse, or does not render for one target; the text names template and line."""


class Renderer:
    """Renders templates that were all read before: nothing on the disk is looked at any more."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        self._templates = templates
        self._environments: dict[str, jinja2.Environment] = {}

    def environment(self, delimiters: str) -> jinja2.Environment:
        if delimiters not in self._environments:
            self._environments[delimiters] = self._new_environment(delimiters)
        return self._environments[delimiters]

    def _new_environment(self, delimiters: str) -> jinja2.Environment:
        from jinja2 import FunctionLoader, StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(
            loader=FunctionLoader(self._source),
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
            **_DELIMITERS[delimiters],
        )
        # The same inventory must give the same bytes: nothing that draws lots.
        del environment.filters["random"]
        del environment.globals["lipsum"]
        environment.filters["tojson"] = _json
        environment.filters["quote"] = lambda value: shlex.quote(str(value))
        return environment

    def _source(self, name: str) -> tuple[str, str, None] | None:
        text = self._templates.get(name)
        return None if text is None else (text, f"templates/{name}", None)

    def uses(self, name: str, delimiters: str) -> list[str] | None:
        """Return the variables a template and all it includes can read, or None where only a run can tell.

        Raises TemplateFault for a template that does not parse or includes one that is not there.
        """
        from jinja2 import TemplateSyntaxError, meta

        environment = self.environment(delimiters)
        names: set[str] = set()
        waiting, seen = [name], {name}
        dynamic = False
        while waiting:
            current = waiting.pop()
            try:
                tree = environment.parse(self._templates[current], current, f"templates/{current}")
            except TemplateSyntaxError as error:
                raise TemplateFault(f"templates/{current}:{error.lineno}: {error.message}") from error
            except RecursionError as error:
                raise TemplateFault(f"templates/{current}:1: nested too deeply") from error
            names |= meta.find_undeclared_variables(tree)
            for other in meta.find_referenced_templates(tree):
                if other is None:
                    dynamic = True
                elif other not in self._templates:
                    raise TemplateFault(f"templates/{current}: includes {other!r}, which is not under templates/")
                elif other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return None if dynamic else sorted(names)

    def render(self, name: str, delimiters: str, variables: Mapping[str, Any]) -> bytes:
        """Return what the template says; raise TemplateFault with template, line and variable."""
        first = self._once(name, delimiters, variables)
        if self._once(name, delimiters, variables) != first:
            raise TemplateFault(
                f"templates/{name}: renders differently the second time; it must depend on variables only"
            )
        return first

    def _once(self, name: str, delimiters: str, variables: Mapping[str, Any]) -> bytes:
        from jinja2 import TemplateSyntaxError
        from jinja2.exceptions import SecurityError, TemplateError

        try:
            template = self.environment(delimiters).get_template(name)
            pieces, size = [], 0
            for piece in template.generate(**_copy(variables)):
                size += len(piece)
                if size > _MAX_OUTPUT:
                    raise TemplateFault(f"templates/{name}: renders to more than 16 MiB")
                pieces.append(piece)
        except TemplateSyntaxError as error:
            raise TemplateFault(f"templates/{error.name or name}:{error.lineno}: {error.message}") from error
        except SecurityError as error:
            raise TemplateFault(f"{_line_of(error, name)}: not allowed in a template: {error}") from error
        except TemplateError as error:
            raise TemplateFault(f"{_line_of(error, name)}: {error.message or type(error).__name__}") from error
        except MemoryError as error:
            raise TemplateFault(f"templates/{name}: template limit: needs too much memory") from error
        except TemplateFault:
            raise
        except Exception as error:  # whatever a template can provoke: a wrong type, a division by zero
            raise TemplateFault(f"{_line_of(error, name)}: {type(error).__name__}: {error}") from error
        text = "".join(pieces)
        if "\r\n" in self._templates[name] and "\r\n" not in text:
            text = text.replace("\n", "\r\n")  # Jinja reads every line end as LF; git attributes decide later
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise TemplateFault(f"templates/{name}: renders to text that is not valid Unicode") from error


def _copy(variables: Mapping[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(variables))
    return copied


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False)


def _line_of(error: BaseException, name: str) -> str:
    """Name the innermost template line an error came through."""
    place = f"templates/{name}"
    trace = error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if filename.startswith("templates/"):
            place = f"{filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
