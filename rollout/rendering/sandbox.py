"""The sandbox of templates: Jinja with plain data, strict about names, and without randomness."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import BuiltinMethodType
from typing import TYPE_CHECKING, Any

from rollout.content import spelled
from rollout.errors import near
from rollout.model.delimiters import Delimiters

if TYPE_CHECKING:
    import jinja2
    from jinja2 import StrictUndefined, UndefinedError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

_ACTIONS = re.compile(r"\$\{\{")
_GO = re.compile(
    r"""\{\{-?\s*(?:
        [.$`] | /\* | (?:include|template|define|range|with|block|toYaml)\s | (?:if|else\ if)\s+[.(]
        | (?!not\b)[A-Za-z]\w*\s+(?:["`]|\d)  # a function and its argument, which Jinja parts by a bracket
        | [^{}"'\n]*[\s(][.$][A-Za-z_]
    )""",
    re.VERBOSE,
)
_HANDLEBARS = re.compile(r"\{\{~?[#/>^!&@=~]|\{\{\{\s*[\w.@/-]+\s*\}\}\}")
_SHELL = re.compile(r"\$\{#|\A#!.*\n(?:.*\n)*?.*\{#")


def hint(text: str, delimiters: Delimiters) -> str:
    """Name the delimiters that leave a file's own ones alone, if it seems to have some."""
    if delimiters is Delimiters.JINJA and any(marks.search(text) for marks in (_ACTIONS, _GO, _HANDLEBARS)):
        return "; for {{ }} that are the file's own, write `delimiters: angle` for its path under `files`"
    if delimiters is Delimiters.JINJA and _SHELL.search(text):
        return "; for {# that is the file's own, write `delimiters: shell` for its path under `files`"
    return ""


Lookup = Callable[[str], tuple[str, str, None] | None]


def environment(source: Lookup, delimiters: Delimiters) -> jinja2.Environment:
    """Return the environment for templates from `source`, with one of the sets of delimiters."""
    from jinja2 import FunctionLoader

    marks = delimiters.marks
    made = _environment_kind()(
        loader=FunctionLoader(source),
        undefined=_undefined_kind(),
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
        finalize=_printed,
        variable_start_string=marks.expression[0],
        variable_end_string=marks.expression[1],
        block_start_string=marks.statement[0],
        block_end_string=marks.statement[1],
        comment_start_string=marks.comment[0],
        comment_end_string=marks.comment[1],
    )
    # The same inventory must give the same bytes: no randomness.
    del made.filters["random"]
    del made.globals["lipsum"]
    made.filters["tojson"] = _json
    made.filters["quote"] = lambda value: shlex.quote(str(value))
    return made


@cache
def missing_variable() -> type[UndefinedError]:
    """Return the error of a template that needs a variable that does not exist; `variable` is its name."""
    from jinja2 import UndefinedError

    class MissingVariable(UndefinedError):
        def __init__(self, variable: str | None, words: str) -> None:
            super().__init__(words)
            self.variable = variable

    return MissingVariable


@cache
def _undefined_kind() -> type[StrictUndefined]:
    from jinja2 import StrictUndefined
    from jinja2.utils import missing

    class Undefined(StrictUndefined):
        """An undefined variable that keeps its name apart from the error's text."""

        __slots__ = ()

        def __init__(
            self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = None
        ) -> None:
            variable = name if obj is missing else None
            kind: Any = exc or partial(missing_variable(), variable)  # Jinja only calls it, with the words
            super().__init__(hint, obj, name, kind)

        @property
        def _undefined_message(self) -> str:
            name, there = self._undefined_name, self._undefined_obj
            if self._undefined_hint or not isinstance(there, Mapping) or not isinstance(name, str):
                return str(super()._undefined_message)
            return f"no key is named {name!r}{near(name, (key for key in there if isinstance(key, str)))}"

    return Undefined


def _json(value: Any, indent: int | None = None) -> str:
    return spelled.as_json(value, indent)


class _Method:
    """A method of plain data that a template named: it can be called, but is not a value."""

    def __init__(self, method: Any, name: str, of: object) -> None:
        self._method = method
        self._name = name
        self._of = of

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self._method(*given, **named)

    def _refuse(self, *_: object) -> Any:
        from jinja2 import TemplateRuntimeError

        name = self._name
        if isinstance(self._of, Mapping):
            raise TemplateRuntimeError(
                f"{name!r} is a method of the mapping; its entry of that name is ['{name}'], as in d['{name}']"
            )
        raise TemplateRuntimeError(f"{name!r} is a method of the value; call it as in x.{name}()")

    __str__ = __repr__ = __iter__ = __len__ = __bool__ = __getitem__ = __contains__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __add__ = __radd__ = __sub__ = __mul__ = __mod__ = __int__ = __float__ = _refuse


def _printed(value: Any) -> Any:
    """Return what a template prints; raise TemplateRuntimeError for what is no value, which would print an address."""
    from jinja2 import TemplateRuntimeError, Undefined

    if isinstance(value, str | _Method | Undefined):
        return value
    if hasattr(value, "__next__"):
        raise TemplateRuntimeError("a list that is not made yet is no value; put | list or | join(', ') behind it")
    if callable(value):
        raise TemplateRuntimeError("a function is no value; call it, as in name()")
    return value


@cache
def _environment_kind() -> type[ImmutableSandboxedEnvironment]:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        """An environment that tells a method of plain data from an entry of that name, with our own messages."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            found = super().getattr(obj, attribute)
            plain = isinstance(obj, dict | list | str | int | float)
            return _Method(found, attribute, obj) if plain and isinstance(found, BuiltinMethodType) else found

        def call_filter(self, name: str, *given: Any, **named: Any) -> Any:
            _check_named("filter", name, self.filters)
            return super().call_filter(name, *given, **named)

        def call_test(self, name: str, *given: Any, **named: Any) -> Any:
            _check_named("test", name, self.tests)
            return super().call_test(name, *given, **named)

    return Environment


def _check_named(kind: str, name: str, there: Mapping[str, object]) -> None:
    """Raise an error for a filter or a test that a template names when it runs, as `map` and `select` do."""
    from jinja2 import TemplateRuntimeError

    if name not in there:
        raise TemplateRuntimeError(f"no {kind} is named {name!r}")
