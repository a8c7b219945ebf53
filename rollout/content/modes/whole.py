"""Mode `whole`: the file says what the template says."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.content import blocks, markers, three_way
from rollout.content.file_fault import FileFault
from rollout.content.modes.mode import Cause, Situation, Traits, rendered
from rollout.model.files import Agreed, File, Managed, Obstacle, TakenOver
from rollout.model.inventory import FileRule

TRAITS = Traits(taken_back=True)


def fault(_path: PurePosixPath, _rule: FileRule) -> str | None:
    return None


def template_fault(_item: Managed) -> str | None:
    return None


def text_fault(_item: Managed, _content: bytes) -> str | None:
    return None


def passed_over(_item: Managed, _found: Obstacle) -> str | None:
    return None


def wanted(at: Situation) -> File | None:
    made = rendered(at)
    return at.actual if made is not None and at.actual is not None and _same(at, at.actual, made) else made


def reason(at: Situation, _actual: File) -> Cause:
    if at.written is None or at.written.keys_only:
        return Cause("the file exists, but rollout never wrote it", takes_over=True)
    if (at.written.share and not at.written.alone) or _around_our_block(at.item, at.written.file):
        whose = "only a part of the file is rollout's" if at.written.noted else "rollout wrote a part of the file"
        return Cause(f"{whose}, and others wrote the rest", takes_over=True)
    return Cause("the template changed")


def _around_our_block(item: Managed, last: File | None) -> bool:
    """Tell whether what we wrote last was a block, with text around it, that the template does not hold itself.

    A file that we took over has no share noted, nor has one that an older version wrote.
    """
    if last is None:
        return False
    spot = markers.spot_of(item)
    try:
        told = blocks.find(item.body, spot)
        gone = [block for name, block in blocks.find(last.content, spot).items() if name not in told]
    except markers.MarkerError:
        return False
    return bool(gone) and bool(blocks.without(last.content, gone).strip())


def changed(at: Situation, base: File, actual: File) -> bool:
    part_of_it = at.written is not None and at.written.keys_only
    return not part_of_it and not _same(at, base, actual) and not _same(at, told_base(at, base), actual)


def _same(at: Situation, one: File, other: File) -> bool:
    """Tell whether two files are equal, or differ in what the agents do not see that read it."""
    if one == other or not at.item.rules:
        return one == other
    from rollout.content.agents import table

    same_text = table.say_the_same(at.item.path, one.content, other.content)
    return same_text and one.executable == other.executable


def merged(_at: Situation, base: File, actual: File, wanted: File) -> bytes:
    return three_way.merge(base.content, actual.content, wanted.content)


def told_base(at: Situation, base: File) -> File:
    if at.written is None or not at.written.noted or at.written.keys_only or at.actual is None:
        return base
    if at.written.there is not None:
        return at.written.there
    from rollout.content.modes import our_blocks  # with it come the forms of markers, which few whole files need

    return our_blocks.as_found(at.item, at.written, base, at.actual)


def unclear(_at: Situation) -> FileFault | None:
    return None


def more(_at: Situation) -> str:
    return ""


def told_then(_at: Situation, base: File, before: File, after: File) -> bytes:
    return three_way.merge(before.content, after.content, base.content)


def part(item: Managed, file: File | None) -> bytes | None:
    content = item.body if file is None else file.content
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


def ours(_item: Managed, actual: File) -> TakenOver | None:
    return TakenOver(actual)


def agreed(_at: Situation) -> Agreed:
    return ()
