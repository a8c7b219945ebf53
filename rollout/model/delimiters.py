"""The sets of delimiters in which a template may be written."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Marks(NamedTuple):  # not a Struct: the process that renders starts without msgspec
    """What stands around the expressions, the statements and the comments of a template."""

    expression: tuple[str, str]
    statement: tuple[str, str]
    comment: tuple[str, str]

    @property
    def opening(self) -> tuple[str, str, str]:
        return self.expression[0], self.statement[0], self.comment[0]


class Delimiters(StrEnum):
    """A set of delimiters, by its name in the inventory."""

    JINJA = "jinja"
    SHELL = "shell"
    ANGLE = "angle"

    @property
    def marks(self) -> Marks:
        return _MARKS[self]


_MARKS = {
    Delimiters.JINJA: Marks(("{{", "}}"), ("{%", "%}"), ("{#", "#}")),
    Delimiters.SHELL: Marks(("{{", "}}"), ("{%", "%}"), ("<#", "#>")),
    Delimiters.ANGLE: Marks(("<<", ">>"), ("<%", "%>"), ("<#", "#>")),
}
