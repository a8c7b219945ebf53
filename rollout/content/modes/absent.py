"""Mode `absent`: nothing of ours is in the file; a file that others share with us loses our part and stays."""

from __future__ import annotations

from rollout.content.modes.mode import Cause, Situation, Traits
from rollout.content.modes.share import rest
from rollout.content.modes.whole import agreed, fault, merged, template_fault
from rollout.model.files import File, Managed, Obstacle

TRAITS = Traits(writes=False, formatted=False, needs_past=True)


def passed_over(item: Managed, found: Obstacle) -> str | None:
    if found.what != "a directory":
        return None
    return (
        f"{item.path}: is a directory there, and `mode: absent` removes files only; "
        "name the files in it, or remove the directory yourself"
    )


def wanted(at: Situation) -> File | None:
    content = rest(at).content
    return File(content, at.actual.executable) if content is not None and at.actual is not None else None


def reason(at: Situation, _actual: File) -> Cause:
    found = rest(at)
    if at.written is None:
        return Cause("the inventory wants it absent, but rollout never wrote it", takes_over=True)
    if not found.sure:
        return Cause("the inventory wants it absent, but others may have written part of it", takes_over=True)
    return Cause("the inventory wants it absent" + ("; what others wrote stays" if found.content is not None else ""))


def changed(at: Situation, _base: File, _actual: File) -> bool:
    return rest(at).drifted


def ours(_item: Managed, _actual: File) -> File | None:
    return None


__all__ = [
    "TRAITS", "agreed", "changed", "fault", "merged", "ours", "passed_over", "reason", "template_fault", "wanted",
]  # fmt: skip
