"""Look at the syntax tree of a template: what it names, and names that nothing defines."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from rollout.rendering.reading import FUNCTIONS

if TYPE_CHECKING:
    import jinja2
    from jinja2.meta import TrackingCodeGenerator

_OF_JINJA = {*FUNCTIONS, "super", "self", "caller", "loop", "varargs", "kwargs"}


def check_filters(name: str, tree: jinja2.nodes.Template, environment: jinja2.Environment) -> None:
    """Raise TemplateSyntaxError for an unknown filter or test; inside `if`, Jinja itself finds it only at run time."""
    from jinja2 import TemplateSyntaxError, nodes

    for used in tree.find_all((nodes.Filter, nodes.Test)):
        assert isinstance(used, nodes.Filter | nodes.Test)
        kind, there = ("test", environment.tests) if isinstance(used, nodes.Test) else ("filter", environment.filters)
        if used.name not in there:
            raise TemplateSyntaxError(f"no {kind} is named {used.name!r}", used.lineno, name)


def check_calls(trees: Mapping[str, jinja2.nodes.Template], undeclared: set[str]) -> None:
    """Raise TemplateSyntaxError for a call of a name that no template defines: a variable is data, not a function."""
    from jinja2 import TemplateSyntaxError, nodes

    unknown = undeclared - _defined(trees) - _OF_JINJA
    for name, tree in trees.items():
        for call in tree.find_all(nodes.Call):
            called = call.node.name if isinstance(call.node, nodes.Name) else None
            if called in unknown:
                raise TemplateSyntaxError(f"no function is named {called!r}", call.lineno, name)


def _defined(trees: Mapping[str, jinja2.nodes.Template]) -> set[str]:
    """Return the names that templates give to macros, variables and imports."""
    from jinja2 import nodes

    names: set[str] = set()
    for tree in trees.values():
        names |= {macro.name for macro in tree.find_all(nodes.Macro)}
        names |= {found.name for found in tree.find_all(nodes.Name) if found.ctx != "load"}
        names |= {imported.target for imported in tree.find_all(nodes.Import)}
        for imports in tree.find_all(nodes.FromImport):
            names |= {word if isinstance(word, str) else word[1] for word in imports.names}
    return names


def undeclared(tree: jinja2.nodes.Template) -> set[str]:
    """Return the variables that a template looks up; nothing of it is computed, as Jinja's own function would."""
    found = _names_kind()(cast("jinja2.Environment", tree.environment))  # each parsed tree has one
    found.visit(tree)
    return found.undeclared_identifiers


@cache
def _names_kind() -> type[TrackingCodeGenerator]:
    from jinja2 import nodes
    from jinja2.meta import TrackingCodeGenerator

    class Names(TrackingCodeGenerator):
        """A generator that leaves constants as they are: to fold them can take all memory, and all targets wait."""

        def __init__(self, environment: Any) -> None:
            super().__init__(environment)
            self.optimizer = None

        def _output_child_to_const(self, *_: Any) -> str:
            raise nodes.Impossible

    return Names


def named(tree: jinja2.nodes.Template, functions: Container[str]) -> set[str]:
    """Return which functions of the environment a template names: a variable of that name comes before the function."""
    from jinja2 import nodes

    return {found.name for found in tree.find_all(nodes.Name) if found.name in functions and found.ctx == "load"}


def called(environment: jinja2.Environment, source: str, variables: Container[str]) -> str | None:
    """Return the first variable that a template calls as if it were a function."""
    from jinja2 import nodes

    names = [call.node.name for call in environment.parse(source).find_all(nodes.Call)
             if isinstance(call.node, nodes.Name)]  # fmt: skip
    return next((name for name in names if name in variables), None)


def line_that_names(tree: jinja2.nodes.Template, other: str) -> int:
    """Return the line of a template that names another."""
    from jinja2 import nodes

    for found in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
        if any(word.value == other for word in found.find_all(nodes.Const)):
            return found.lineno
        if any(other in word.value for word in found.find_all(nodes.Const) if isinstance(word.value, tuple | list)):
            return found.lineno
    return 1
