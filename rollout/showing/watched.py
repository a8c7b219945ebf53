"""The status table on a terminal that may be too small for it."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.model.plan import State
from rollout.showing.display import Display
from rollout.showing.status import Knowledge, Row, status_ending, status_table
from rollout.showing.wrapping import height, wrapped


def fitted(rows: Sequence[Row], known: Knowledge, how: Display, then: str, most: int) -> list[str]:
    """Return the table in at most `most` lines; rows that need nobody go first, and what does not fit is counted."""
    ending = ["", *status_ending(rows, known, how, then)]
    urgent = sorted(range(len(rows)), key=lambda i: (rows[i].state is State.IN_SYNC, i))
    number = min(len(rows), max(most, 0))
    while True:
        shown = [rows[i] for i in sorted(urgent[:number])]
        lines = status_table(shown, known, how) if shown else []
        lines += _left_out(len(rows) - number, how) + ending
        over = height(lines, how.width) - most
        if over <= 0 or number == 0:
            return lines
        number = max(0, number - max(1, over // 4))


def _left_out(number: int, how: Display) -> list[str]:
    return (
        wrapped(f"{number:,} more do not fit; make the terminal larger, or name targets.", how.width) if number else []
    )
