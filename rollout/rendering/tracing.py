"""Render a template so that each piece of the text tells its source: its tree gets markers around every piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from rollout.model.tracing import Segment
from rollout.rendering.template_fault import TemplateFault

if TYPE_CHECKING:
    import jinja2

_OPEN, _NUMBERED, _CLOSE = (
    "\ue8f0",
    "\ue8f1",
    "\ue8f2",
)  # private-use characters: a text that contains them is not traced
_MARK = re.compile(f"{_OPEN}(\\d+){_NUMBERED}|({_CLOSE})")
_NEWLINE = re.compile(r"\r\n|\r|\n")


class _Span(Struct, frozen=True):
    """A piece of a template's text: its own, or an expression's code."""

    start: int
    end: int
    line: int
    literal: bool


class Tracer:
    """Put markers into the syntax trees of templates as they are parsed, including included ones."""

    def __init__(self, environment: jinja2.Environment) -> None:
        """`environment` belongs to this tracer from now on."""
        self._environment = environment
        self._parse = environment._parse
        self._pieces: list[Segment] = []
        environment._parse = self._marked  # type: ignore[method-assign]

    def _marked(self, source: str, name: str | None, filename: str | None) -> jinja2.nodes.Template:
        from jinja2 import nodes

        tree = self._parse(source, name, filename)
        named = name or ""
        spans = list(_spans(self._environment, source, named))
        outputs = [node for node in _in_order(tree) if isinstance(node, nodes.Output)]
        children = [child for output in outputs for child in output.nodes]
        if [isinstance(child, nodes.TemplateData) for child in children] != [span.literal for span in spans]:
            raise TemplateFault.of(named, "has a form in which rollout cannot tell what made which line")
        marked = iter([self._mark(child, span, named) for child, span in zip(children, spans, strict=True)])
        for output in outputs:
            output.nodes = [node for _ in list(output.nodes) for node in next(marked)]
        return tree

    def _mark(self, child: jinja2.nodes.Expr, span: _Span, name: str) -> list[jinja2.nodes.Expr]:
        from jinja2 import nodes

        variable = child.name if isinstance(child, nodes.Name) else None
        number = len(self._pieces)
        self._pieces.append(Segment("", name, span.start, span.end, span.line, span.literal, variable))
        before = nodes.TemplateData(f"{_OPEN}{number}{_NUMBERED}", lineno=child.lineno)
        return [before, child, nodes.TemplateData(_CLOSE, lineno=child.lineno)]

    def segments(self, text: str) -> list[Segment]:
        """Return the pieces of a text that was rendered from marked trees."""
        found: list[Segment] = []
        stack: list[Segment] = []
        place = 0
        for mark in _MARK.finditer(text):
            if stack and mark.start() > place:
                found.append(stack[-1]._replace(text=text[place : mark.start()]))
            place = mark.end()
            if mark[1]:
                stack.append(self._pieces[int(mark[1])])
            elif stack:
                stack.pop()
        return found


def _in_order(node: jinja2.nodes.Node) -> Iterator[jinja2.nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _in_order(child)


def _spans(environment: jinja2.Environment, source: str, name: str) -> Iterator[_Span]:
    """Yield the template's own texts and its expressions, in order; white space may be left out."""
    text = _NEWLINE.sub("\n", source)
    place, begun = 0, (0, 0)
    for line, kind, value in environment.lexer.tokeniter(source, name):
        start = text.index(value, place)
        place = start + len(value)
        if kind == "data" and value:
            yield _Span(start, place, line, literal=True)
        elif kind == "variable_begin":
            begun = start, line
        elif kind == "variable_end":
            yield _Span(begun[0], place, begun[1], literal=False)
