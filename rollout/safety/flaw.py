"""What is wrong with a text, and the line where it is."""

from __future__ import annotations

from msgspec import Struct


class Flaw(Struct, frozen=True):
    """One thing that is wrong with a text; `line` counts from one, None where it is the whole text."""

    what: str
    line: int | None = None
    way_out: str = ""

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}: "
        return f"{where}{self.what}" + (f"; {self.way_out}" if self.way_out else "")
