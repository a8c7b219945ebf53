"""A Markdown document as it is read on a terminal: tables and lines that fit, and nothing left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from rollout.showing.table import Column, table
from rollout.showing.wrapping import wrapped

_CELLS = re.compile(r"(?<!\\)\|")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.) ")


def on_screen(markdown: str, width: int | None) -> str:
    """Return one of our documents fitted to the width of a screen; unchanged if there is no screen."""
    if width is None:
        return markdown
    parts = groupby(markdown.splitlines(), lambda line: line.startswith("|"))
    lines = [line for is_table, found in parts for line in _part(list(found), width, is_table=is_table)]
    return "\n".join(lines) + "\n"


def _part(lines: list[str], width: int, *, is_table: bool) -> Iterator[str]:
    if is_table:
        head, _, *rows = map(_cells, lines)
        yield from table([Column(name, stays=name == "Status") for name in head], rows, width).splitlines()
        return
    for line in lines:
        item = _ITEM.match(line)
        yield from wrapped(line, width, " " * (item.end() if item else 0))


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _CELLS.split(line)[1:-1]]
