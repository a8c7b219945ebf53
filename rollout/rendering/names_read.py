"""The names that a template and all that it includes can read, from their syntax trees: nothing is rendered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from rollout.model.delimiters import Delimiters
from rollout.rendering import syntax
from rollout.rendering.template_errors import file_of, in_words
from rollout.rendering.template_fault import TemplateFault

if TYPE_CHECKING:
    import jinja2


class Sources(NamedTuple):
    """The texts of all templates, and how they are parsed."""

    texts: Mapping[str, str]
    delimiters: Delimiters
    environment: jinja2.Environment


def names_read(name: str, sources: Sources) -> list[str] | None:
    """Return the variables and functions that a template can read, or None if only a run can tell.

    Raises TemplateFault for a template that does not parse or includes one that is not there.
    """
    from jinja2 import meta

    names: set[str] = set()
    waiting, trees = [name], dict[str, Any]()
    dynamic = False
    while waiting:
        current = waiting.pop()
        trees[current], found = _parsed(current, sources)
        names |= found
        for other in meta.find_referenced_templates(trees[current]):
            if other is None:
                dynamic = True
            elif other not in sources.texts:
                line = syntax.line_that_names(trees[current], other)
                raise TemplateFault.of(current, f"includes {other!r}, {_absent(other, sources.texts)}", line=line)
            elif other not in {*trees, *waiting}:
                waiting.append(other)
    if not dynamic:
        with _told(name, sources):
            syntax.check_calls(trees, names - sources.environment.globals.keys())
    return None if dynamic else sorted(names)


def _absent(name: str, there: Collection[str]) -> str:
    """Say what is wrong with the name of a part that is not there, or that is a file and no template."""
    from rollout.errors import near  # a process that renders has no use for these otherwise
    from rollout.model.files import RENDERED, is_rendered

    if is_rendered(name) or {"", ".."} & {*name.split("/")}:
        return f"which is not under templates/{near(name, there)}"
    template = f"{name}{RENDERED}"
    return f"which is no template; name {'it' if template in there else 'the part'} {template!r}"


def _parsed(name: str, sources: Sources) -> tuple[jinja2.nodes.Template, set[str]]:
    """Return a template's syntax tree, and the names that it can read itself."""
    environment = sources.environment
    try:
        with _told(name, sources):
            tree = environment.parse(sources.texts[name], name, file_of(name))
            syntax.check_filters(name, tree, environment)
            return tree, syntax.undeclared(tree) | syntax.named(tree, environment.globals)
    except RecursionError as error:
        raise TemplateFault.of(name, "nested too deeply", line=1) from error


@contextmanager
def _told(parsed: str, sources: Sources) -> Iterator[None]:
    from jinja2 import TemplateSyntaxError

    try:
        yield
    except TemplateSyntaxError as error:
        named = error.name or ""
        name = named if named in sources.texts else parsed  # in some errors Jinja names the file there
        words = in_words(error, sources.texts[name], sources.delimiters)
        raise TemplateFault.of(name, words, line=error.lineno) from error
