"""The reviews of targets as a table and as a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rollout.model.reviews import Review
from rollout.safety.shown import plain
from rollout.showing.table import Column, table


def review_table(rows: Sequence[tuple[str, Review]], width: int | None) -> str:
    if not rows:
        return "No reviews.\n"
    told = {True: "yes", False: "no", None: "unknown"}
    body = [
        [target, one.shown, one.checks.value, told[one.approved], plain(one.title), one.url] for target, one in rows
    ]
    names = ("TARGET", "STATE", "CHECKS", "APPROVED", "TITLE", "")
    return table([Column(name, stays=name == "STATE") for name in names], body, width)


def review_document(rows: Sequence[tuple[str, Review]]) -> dict[str, Any]:
    """Return the reviews as the contract's document."""
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
    }
