"""The names that a template and all that it includes can read, from their syntax trees: nothing is rendered."""

from __future__ import annotations

from collections.abc import Mapping
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
                raise TemplateFault.of(current, f"includes {other!r}, which is not under templates/", line=line)
            elif other not in {*trees, *waiting}:
                waiting.append(other)
    if not dynamic:
        syntax.check_calls(trees, names - sources.environment.globals.keys())
    return None if dynamic else sorted(names)


def _parsed(name: str, sources: Sources) -> tuple[jinja2.nodes.Template, set[str]]:
    """Return a template's syntax tree, and the names that it can read itself."""
    from jinja2 import TemplateSyntaxError

    text, environment = sources.texts[name], sources.environment
    try:
        tree = environment.parse(text, name, file_of(name))
        syntax.check_filters(name, tree, environment)
        return tree, syntax.undeclared(tree) | syntax.named(tree, environment.globals)
    except TemplateSyntaxError as error:
        raise TemplateFault.of(name, in_words(error, text, sources.delimiters), line=error.lineno) from error
    except RecursionError as error:
        raise TemplateFault.of(name, "nested too deeply", line=1) from error
