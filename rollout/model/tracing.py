"""Where each piece of a rendered text comes from."""

from __future__ import annotations

from typing import NamedTuple


class Segment(NamedTuple):
    """A piece of what a template rendered: its own text, or what an expression gave.

    `start` and `end` are the places in the template's text, with LF line ends; of an expression those of its code.
    `template` is empty for what stands around the texts of rules. `variable` is the name where the expression is
    nothing but a variable.
    """

    text: str
    template: str
    start: int
    end: int
    line: int
    literal: bool
    variable: str | None = None
