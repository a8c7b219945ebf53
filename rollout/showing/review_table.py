"""The reviews of targets as a table and as a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rollout.model.reviews import Review
from rollout.safety.shown import plain
from rollout.showing.table import Column, table
from rollout.showing.wrapping import wrapped

Unopened = Sequence[tuple[str, str]]  # targets whose review a person opens, and where


def review_table(rows: Sequence[tuple[str, Review]], unopened: Unopened, width: int | None) -> str:
    """Return the reviews, and below them the targets whose review is not open yet, as far as we know."""
    if not rows and not unopened:
        return "No reviews.\n"
    left = [line for target, why in unopened for line in wrapped(f"{plain(target)}: {plain(why)}", width, "    ")]
    return (_table(rows, width) if rows else "") + "".join(f"{line}\n" for line in left)


def _table(rows: Sequence[tuple[str, Review]], width: int | None) -> str:
    told = {True: "yes", False: "no", None: "unknown"}
    body = [
        [target, one.shown, one.checks.value, told[one.approved], plain(one.title), one.named] for target, one in rows
    ]
    names = ("TARGET", "STATE", "CHECKS", "APPROVED", "TITLE", "")
    return table([Column(name, stays=name == "STATE") for name in names], body, width)


def review_document(rows: Sequence[tuple[str, Review]], unopened: Unopened = ()) -> dict[str, Any]:
    """Return the reviews as the contract's document, and which are still to be opened."""
    return {
        "format": "rollout-review/1",
        "reviews": [
            {
                "target": target,
                "url": one.url,
                "number": one.number,
                "title": one.title,
                "state": one.state.value,
                "approved": one.approved,
                "checks": one.checks.value,
                "updated_at": one.updated_at,
            }
            for target, one in rows
        ],
        "unopened": [{"target": target, "reason": why} for target, why in unopened],
    }
