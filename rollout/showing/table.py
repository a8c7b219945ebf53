"""Tables that fit the width of the screen, and lose no cell in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from rollout.safety.shown import plain
from rollout.showing.wrapping import cells, longest, wrapped

_GAP = "  "
_BELOW = "    "  # how far what stands below a row is indented
_LEAST = 24  # columns of the screen that a last column needs to stand beside the others
_NAME = 20  # and the first one, at least; a longer cell has a line of its own


class Column(Struct, frozen=True):
    """One column; one that `stays` is beside the first on a screen of any width."""

    head: str
    stays: bool = False
    paint: Callable[[str], str] | None = None

    def cell(self, text: str, width: int) -> str:
        return (self.paint(text) if self.paint is not None and text else text) + " " * (width - cells(text))

    def told(self, text: str) -> str:
        """Return a cell as it is told below its row."""
        return f"{self.head.lower()} {text}" if self.head else text


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Return aligned columns; where they are wider than the screen, some stand below their row, and nothing is cut."""
    texts = [[plain(cell) for cell in row] for row in rows]
    widths = [max(cells(row[i]) for row in [[c.head for c in columns], *texts]) for i in range(len(columns))]
    beside = list(range(len(columns)))
    if width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        least = min(widths[-1], max([_LEAST, *(longest(row[-1]) for row in texts)]))
        needed = [min(widths[0], _NAME), *widths[1:-1], least]
        beside = _beside(columns, needed, width)
        others = sum(needed[i] + len(_GAP) for i in beside[1:])
        widths[0] = min(widths[0], max(needed[0], width - others))
    out = [_line(columns, [column.head for column in columns], beside, widths, heads=True)]
    for row in texts:
        out += _row(columns, row, beside, widths, width)
    return "\n".join(out) + "\n"


def _beside(columns: Sequence[Column], needed: Sequence[int], width: int) -> list[int]:
    """Return which columns stand beside each other, by the width that each needs."""
    found = [i for i, column in enumerate(columns) if i == 0 or column.stays]
    for i in range(len(columns)):
        if i not in found and sum(needed[j] + len(_GAP) for j in (*found, i)) - len(_GAP) <= width:
            found.append(i)
    return sorted(found)


def _row(
    columns: Sequence[Column], row: Sequence[str], beside: Sequence[int], widths: Sequence[int], width: int | None
) -> list[str]:
    """Return the lines of one row."""
    last = len(columns) - 1
    if cells(row[0]) > widths[0]:
        return [row[0], *_row(columns, ["", *row[1:]], beside, widths, width)]
    if last not in beside:
        below = [columns[i].told(row[i]) for i in range(last) if i not in beside and row[i]]
        told = [", ".join(below), row[last]]
        lines = [line for text in told if text for line in wrapped(_BELOW + text, width, _BELOW)]
        return [_line(columns, row, beside, widths), *lines]
    start = sum(widths[i] + len(_GAP) for i in beside if i != last)
    first, *more = wrapped(" " * start + row[last], width, " " * start)
    line = _line(columns, [*row[:last], first[start:]], beside, widths)
    return [line, *more]


def _line(
    columns: Sequence[Column], row: Sequence[str], beside: Sequence[int], widths: Sequence[int], *, heads: bool = False
) -> str:
    given = [Column(columns[i].head) if heads else columns[i] for i in beside]
    return _GAP.join(column.cell(row[i], widths[i]) for column, i in zip(given, beside, strict=True)).rstrip()
