"""Mode `absent`: there is no such file."""

from __future__ import annotations

from rollout.content.modes.mode import Reason, Situation, Traits
from rollout.content.modes.whole import changed, fault, merged
from rollout.model.files import File, Managed, Obstacle

TRAITS = Traits(writes=False, formatted=False)


def passed_over(item: Managed, found: Obstacle) -> str | None:
    if found.what != "a directory":
        return None
    return (
        f"{item.path}: is a directory there, and `mode: absent` removes files only; "
        "name the files in it, or remove the directory yourself"
    )


def wanted(_at: Situation) -> File | None:
    return None


def reason(at: Situation, _actual: File) -> Reason:
    if at.written is None:
        return Reason("the inventory wants it absent, and rollout never wrote it", takes_over=True)
    return Reason("the inventory wants it absent")


def ours(_item: Managed, _actual: File) -> File | None:
    return None


__all__ = ["TRAITS", "changed", "fault", "merged", "ours", "passed_over", "reason", "wanted"]
