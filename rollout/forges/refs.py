"""The refs on which forges keep what a review proposes, whatever becomes of its branch."""

from __future__ import annotations

import re

from rollout.forges.facts import FACTS
from rollout.model.reviews import ForgeKind

_PULL = re.compile(r"refs/pull/(\d+)/head\Z")


def number_of(ref: str) -> int | None:
    """Return the number of the pull request whose head a ref is."""
    found = _PULL.match(ref)
    return None if found is None else int(found[1])


def head_of(kind: ForgeKind | None, number: int | None) -> str | None:
    """Return the ref of a review's head; None if a forge keeps none."""
    if kind is None or number is None:
        return None
    return FACTS[kind].review_head.format(number=number) or None
