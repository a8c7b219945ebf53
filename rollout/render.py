"""Templates become bytes: which template a managed path has, and what it says with a target's variables."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rollout import paths
from rollout.inventory import rule_for
from rollout.model import FilePattern, FileRule, Folder, Machine, Mode, Slot, Target, TemplateFile

if TYPE_CHECKING:
    import jinja2

_MAX_OUTPUT = 16 * 1024 * 1024
SUFFIX = ".j2"

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


def slots(target: Target, templates: Mapping[str, TemplateFile], patterns: tuple[FilePattern, ...]) -> list[Slot]:
    """Return the managed paths of a target in order of path; a later set replaces a path of an earlier one.

    Raises TemplateFault for a path that must not be managed or that collides with another.
    """
    found: dict[PurePosixPath, Slot] = {}
    for set_name in target.templates:
        for name, path in set_paths(set_name, templates).items():
            found[path] = Slot(path, set_name, name, rule_for(patterns, str(path)))
    for pattern in patterns:
        path = PurePosixPath(pattern.pattern.strip("/"))
        if pattern.settings.get("mode") == Mode.ABSENT and _exact(pattern.pattern) and path not in found:
            slot = Slot(path, "", None, rule_for(patterns, str(path)))
            if not paths.collisions([*found, path]):
                found[path] = slot
    for one, other, why in paths.collisions(found):
        raise TemplateFault(f"{target.name}: the managed paths {one} and {other} cannot stand side by side: they {why}")
    return [found[path] for path in sorted(found)]


def _exact(pattern: str) -> bool:
    return not any(c in pattern for c in "*?[\\") and not pattern.endswith("/")


def set_paths(set_name: str, templates: Mapping[str, TemplateFile]) -> dict[str, PurePosixPath]:
    """Return template name -> managed path for one template set."""
    found: dict[str, PurePosixPath] = {}
    claimed: dict[PurePosixPath, str] = {}
    prefix = set_name + "/"
    for name in sorted(templates):
        if not name.startswith(prefix):
            continue
        path = PurePosixPath(name[len(prefix) :].removesuffix(SUFFIX))
        why = paths.refusal(str(path))
        if why:
            raise TemplateFault(f"templates/{name}: the path {str(path)!r} {why}")
        if path in claimed:
            raise TemplateFault(f"templates/{name}: {path} comes from templates/{claimed[path]} too; keep one")
        claimed[path] = name
        found[name] = path
    return found


def context(
    target: Target, path: PurePosixPath, machines: Mapping[str, Machine], machine: Machine | None
) -> dict[str, Any]:
    """Return all that a template may see; a repository's templates never see the current machine."""
    seen: dict[str, Any] = {name: variable.value for name, variable in target.variables.items()}
    seen["target"] = {
        "name": target.name,
        "kind": target.kind,
        "branch": target.branch,
        "groups": list(target.groups),
    }
    seen["path"] = str(path)
    seen["machines"] = {m.name: _machine(m) for m in machines.values()}
    if isinstance(target.location, Folder) and machine is not None:
        seen["machine"] = {"name": machine.name, **_machine(machine)}
    return seen


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "hostnames": list(machine.hostnames),
        "vars": {name: variable.value for name, variable in machine.variables.items()},
    }


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


def policy_fault(content: bytes, rule: FileRule, path: PurePosixPath) -> str | None:
    """Say which bound a rendered file breaks, or None."""
    if rule.max_chars is not None:
        chars = len(content.decode("utf-8", "replace"))
        if chars > rule.max_chars:
            return f"{path}: has {chars:,} characters; max_chars is {rule.max_chars:,}"
    if rule.max_lines is not None:
        lines = content.count(b"\n") + bool(content and not content.endswith(b"\n"))
        if lines > rule.max_lines:
            return f"{path}: has {lines:,} lines; max_lines is {rule.max_lines:,}"
    return None


def texts(templates: Iterable[TemplateFile]) -> dict[str, str]:
    """Return the text of every `.j2` template; raise TemplateFault for one that is not UTF-8."""
    found = {}
    for template in templates:
        if template.name.endswith(SUFFIX):
            try:
                found[template.name] = template.content.decode()
            except UnicodeDecodeError as error:
                raise TemplateFault(f"templates/{template.name}: is not UTF-8 (byte {error.start})") from error
    return found
