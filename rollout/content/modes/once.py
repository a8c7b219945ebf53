"""Mode `once`: rollout creates a missing file; from then on the file belongs to others."""

from __future__ import annotations

from rollout.content.modes.mode import Situation, Traits, rendered
from rollout.content.modes.whole import (
    agreed,
    changed,
    fault,
    merged,
    more,
    part,
    passed_over,
    reason,
    template_fault,
    text_fault,
    told_base,
    told_then,
    unclear,
)
from rollout.model.files import File, Managed, TakenOver

TRAITS = Traits(shared=True)


def wanted(at: Situation) -> File | None:
    return rendered(at) if at.actual is None and at.written is None else at.actual


def ours(_item: Managed, _actual: File) -> TakenOver | None:
    return None


__all__ = [
    "TRAITS", "agreed", "changed", "fault", "merged", "more", "ours", "part", "passed_over", "reason",
    "template_fault", "text_fault", "told_base", "told_then", "unclear", "wanted",
]  # fmt: skip
