"""Mode `absent`: nothing of ours is in the file; a file that others share with us loses our part and stays."""

from __future__ import annotations

from rollout.content import three_way
from rollout.content.file_fault import FileFault
from rollout.content.modes import whole
from rollout.content.modes.mode import Cause, Situation, Traits
from rollout.content.modes.share import rest
from rollout.content.modes.whole import fault, part, template_fault, text_fault, told_base, told_then
from rollout.model.files import DIRECTORY, Agreed, File, Managed, Obstacle, TakenOver, Written

TRAITS = Traits(writes=False, needs_past=True, further=("block_id", "markers", "replaces", "format", "match"))


def passed_over(item: Managed, found: Obstacle) -> str | None:
    if found != DIRECTORY:
        return None
    return (
        f"{item.path}: is a directory there, and `mode: absent` removes files only; "
        "name the files in it, or remove the directory yourself"
    )


def wanted(at: Situation) -> File | None:
    found = rest(at)
    if found.unclear is not None and not found.drifted:
        raise found.unclear
    content = found.content
    return File(content, at.actual.executable) if content is not None and at.actual is not None else None


def reason(at: Situation, _actual: File) -> Cause:
    found = rest(at)
    if at.written is None:
        return Cause("the inventory wants it absent, but rollout never wrote it", takes_over=True)
    if not found.sure:
        asked = "the inventory wants it absent, but others may have written part of it"
        return Cause(f"{asked}{found.more}", takes_over=True)
    whose = f"; {_whose(at.written)}" if found.theirs else ""
    stays = "; what others wrote stays" if found.content is not None else ""
    return Cause(f"the inventory wants it absent{whose}{stays}", takes_away=found.theirs)


def _whose(written: Written) -> str:
    """Say why what goes away is not rollout's alone."""
    if not written.noted or written.as_left:
        return "others had one here before rollout first wrote it"
    if not written.ours:
        return "rollout never wrote it, others had it just as the template asked"
    return "others changed what rollout wrote, to just what the template asked for then"


def changed(at: Situation, _base: File, _actual: File) -> bool:
    return rest(at).drifted


def more(at: Situation) -> str:
    return rest(at).more


def unclear(at: Situation) -> FileFault | None:
    return rest(at).unclear


def merged(at: Situation, base: File, actual: File, wanted: File) -> bytes:
    if more(at):
        raise three_way.EntryDeleted(1)
    return whole.merged(at, base, actual, wanted)


def ours(_item: Managed, _actual: File) -> TakenOver | None:
    return None


def agreed(at: Situation) -> Agreed:
    """Return the keys that others wrote when the file was merged: they stay theirs."""
    return at.agreed


__all__ = [
    "TRAITS", "agreed", "changed", "fault", "merged", "more", "ours", "part", "passed_over", "reason",
    "template_fault", "text_fault", "told_base", "told_then", "unclear", "wanted",
]  # fmt: skip
