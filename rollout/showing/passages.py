"""A document in passages: as Markdown, and as it is read on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from msgspec import Struct

from rollout.showing.table import Column, table
from rollout.showing.wrapping import wrapped

_ITEM = re.compile(r"\s*(?:[-*]|\d+\.) ")


class TableRows(Struct, frozen=True):
    """A table; the column with the number `stays` is beside the first on a screen of any width."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    stays: int = 0


class CodeLines(Struct, frozen=True):
    """Lines that stand as they are."""

    language: str
    text: str


Passage = str | TableRows | CodeLines  # a text is a paragraph, a heading or a list in Markdown


def in_markdown(passages: Iterable[Passage]) -> str:
    """Return a document as Markdown."""
    return "\n\n".join(map(_markdown, passages)) + "\n"


def _markdown(passage: Passage) -> str:
    match passage:
        case str():
            return passage
        case TableRows(columns, rows):
            return "\n".join([_row(columns), "|" + "---|" * len(columns), *map(_row, rows)])
        case CodeLines(language, text):
            return f"```{language}\n{text}\n```"
        case never:
            assert_never(never)


def _row(row: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def on_screen(passages: Iterable[Passage], width: int | None) -> str:
    """Return a document fitted to the width of a screen, with nothing left out; as Markdown if there is no screen."""
    if width is None:
        return in_markdown(passages)
    return "\n\n".join("\n".join(_fitted(passage, width)) for passage in passages) + "\n"


def _fitted(passage: Passage, width: int) -> Iterator[str]:
    match passage:
        case str():
            for line in passage.split("\n"):
                item = _ITEM.match(line)
                yield from wrapped(line, width, " " * (item.end() if item else 0))
        case TableRows(columns, rows, stays):
            yield from table(
                [Column(name, stays=at == stays) for at, name in enumerate(columns)], rows, width
            ).splitlines()
        case CodeLines():
            yield from _markdown(passage).split("\n")
        case never:
            assert_never(never)
