"""What is wrong with a text, and the line where it is."""

from __future__ import annotations

from msgspec import Struct

from rollout.errors import mistake_text


class Flaw(Struct, frozen=True):
    """One thing that is wrong with a text; `line` counts from one, None if it is the whole text."""

    what: str
    line: int | None = None
    way_out: str = ""

    def __str__(self) -> str:
        return mistake_text(None if self.line is None else f"line {self.line}", self.what, self.way_out)
