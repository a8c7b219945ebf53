"""Mode `block`: the text between two markers is ours, the rest of the file is not."""

from __future__ import annotations

from rollout.content import blocks, first_line, markers, sections, three_way
from rollout.content.file_fault import FileFault
from rollout.content.markers import MarkerError
from rollout.content.modes import our_blocks
from rollout.content.modes.block_sight import Sight, body_of, seen_in
from rollout.content.modes.mode import Cause, Situation, Traits, put_into
from rollout.content.modes.whole import agreed, fault, more, passed_over, text_fault
from rollout.model.files import File, Managed, TakenOver

TRAITS = Traits(
    from_the_top=False, partial=True, shared=True, taken_back=True, further=("block_id", "markers", "replaces")
)


def template_fault(item: Managed) -> str | None:
    told = ""
    try:
        markers.written(markers.spot_of(item))
        told = f"{item.told}: "
        blocks.splice(None, body_of(item), markers.spot_of(item))
    except MarkerError as error:
        return f"{told}{error.what}"
    return None


def wanted(at: Situation) -> File | None:
    seen = seen_in(at)
    alone = _without_keys(at, seen)
    if at.actual is not None and alone is None and seen.unmarked(at.actual) == blocks.said(seen.body):
        return at.actual
    content = at.actual.content if at.actual else None
    made = seen.with_text(content if alone is None else alone, seen.body)
    _refuse_first_line(seen, made)
    return put_into(at, made)


def _refuse_first_line(seen: Sight, made: bytes) -> None:
    """Raise MarkerError where our marker would stand above a line that counts only where it begins the file."""
    line = first_line.of(blocks.said(seen.body), seen.spot.path)
    if line is not None and not made[: blocks.find(made, seen.spot)[seen.spot.block_id].begin.start].strip(_NOTHING):
        what = f"the marker of its block would stand above {line[:40]!r}, which must be the first line of the file"
        raise MarkerError(f"{what}; write it with `mode: whole`, or take that line out of the template")


_NOTHING = b"\xef\xbb\xbf \t\r\n"


def part(item: Managed, file: File | None) -> bytes | None:
    if file is None:
        return blocks.said(item.body)
    return blocks.text_of(file.content, markers.spot_of(item), (item.block_id,))


def reason(at: Situation, actual: File) -> Cause:
    seen = seen_in(at)
    if seen.earlier is not None:
        return Cause(f"the block {seen.earlier!r} is {at.item.block_id!r} now")
    text = seen.text(actual)
    keys = "; the keys that rollout merged into it go" if _without_keys(at, seen) is not None else ""
    if text is None or keys:
        names = sections.named(actual.content, seen.spot)
        which = "section" if len(names) == 1 else "sections"
        place = f"; it takes the place of the {which} {', '.join(map(repr, names))}" if names else ""
        return Cause(f"the file has no block {at.item.block_id!r} yet{place}{keys}", takes_over=True)
    if text == blocks.said(seen.body):
        return Cause("its markers have another form now")
    return Cause("the block differs" if at.written is None else "the template changed")


def changed(at: Situation, base: File, actual: File) -> bool:
    seen = seen_in(at)
    before, after = seen.text(base), seen.text(actual)
    return before is not None and after != before


def merged(at: Situation, base: File, actual: File, wanted: File) -> bytes:
    seen = seen_in(at)
    was, theirs, told = (seen.text(file) for file in (base, actual, wanted))
    if theirs is None:
        seen.place(actual)
        raise three_way.PartDeleted(1)
    if was is None or told is None:
        raise three_way.MergeConflict(1)
    try:
        text = three_way.merge(was, theirs, told)
    except three_way.MergeConflict as clash:
        raise three_way.MergeConflict(clash.line + _lines_above(seen, actual, theirs)) from clash
    return seen.with_text(actual.content, text)


def told_base(at: Situation, base: File) -> File:
    seen = seen_in(at)
    noted = at.written is not None and at.written.noted and not at.written.ours
    found = our_blocks.stood(base.content, seen.spot) if noted else None
    if found is None or at.actual is None or seen.marked(at.actual) is not None:
        return base
    return File(found[0], base.executable)


def unclear(at: Situation) -> FileFault | None:
    seen = seen_in(at)
    try:
        if at.actual is not None and seen.text(at.actual) is None:
            seen.place(at.actual)
    except three_way.PartUnclear as found:
        return our_blocks.unclear(seen.spot, found.line)
    return None


def told_then(at: Situation, base: File, before: File, after: File) -> bytes:
    seen = seen_in(at)
    was, has, had = (seen.text(file) for file in (before, after, base))
    if was is None or has is None or had is None:
        raise three_way.MergeConflict(1)
    return blocks.splice(base.content, three_way.merge(was, has, had), seen.spot, seen.earlier)


def _lines_above(seen: Sight, file: File, text: bytes) -> int:
    """Return how many lines of a file stand above the text of our block."""
    block = seen.block(file)
    start = 0 if block is None else block.begin.end
    return file.content.count(b"\n", 0, max(file.content.find(text, start), start))


def ours(item: Managed, actual: File) -> TakenOver | None:
    """If a file holds the text without markers, what we remember is the file with them."""
    spot, body = markers.spot_of(item), body_of(item)
    there = blocks.find(actual.content, spot)
    if item.block_id in there or not blocks.without_markers(actual.content, body, spot):
        return TakenOver(actual)
    try:
        marked = blocks.splice(None if there else actual.content, body, spot, last=body)
    except MarkerError:
        marked = blocks.splice(None, body, spot)
    return TakenOver(File(marked, actual.executable))


def _without_keys(at: Situation, seen: Sight) -> bytes | None:
    """Return a file that has no block yet without the keys that we merged into it: the block says them again.

    None if they may stay: there are none, or they are all that the block says, and stand there as it does.
    """
    if at.actual is None or at.written is None or seen.text(at.actual) not in {None, blocks.said(seen.body)}:
        return None
    if seen.marked(at.actual) is not None:
        return None
    from rollout.content.modes import our_keys  # with it come the readers of documents, which few blocks need

    alone = our_keys.without_our_keys(at)
    there = seen.without_text(at.actual)
    return None if alone is None or alone.split() == there.split() else alone


__all__ = [
    "TRAITS", "agreed", "changed", "fault", "merged", "more", "ours", "part", "passed_over", "reason",
    "template_fault", "text_fault", "told_base", "told_then", "unclear", "wanted",
]  # fmt: skip
