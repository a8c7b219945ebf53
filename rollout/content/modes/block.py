"""Mode `block`: the text between two markers is ours, the rest of the file is not."""

from __future__ import annotations

from contextlib import suppress

from rollout.content import blocks, earlier_markers, markers, sections, three_way, unmarked
from rollout.content.file_fault import FileFault
from rollout.content.markers import MarkerError
from rollout.content.modes import our_blocks
from rollout.content.modes.mode import Cause, Situation, Traits, put_into
from rollout.content.modes.whole import agreed, fault, passed_over
from rollout.model.files import File, Managed, TakenOver

TRAITS = Traits(
    from_the_top=False, partial=True, shared=True, taken_back=True, further=("block_id", "markers", "replaces")
)


def template_fault(item: Managed) -> str | None:
    told = ""
    try:
        markers.written(markers.spot_of(item))
        told = f"{item.told}: "
        blocks.splice(None, _body(item), markers.spot_of(item))
    except MarkerError as error:
        return f"{told}{error.what}"
    return None


def wanted(at: Situation) -> File | None:
    if at.actual is not None and _text(at, at.actual) == blocks.said(_body(at.item)) and not _marked(at, at.actual):
        return at.actual
    content = at.actual.content if at.actual else None
    alone = _without_keys(at)
    return put_into(
        at,
        blocks.splice(content if alone is None else alone, _body(at.item), _spot_at(at), _earlier_id(at), _stands(at)),
    )


def part(item: Managed, file: File | None) -> bytes | None:
    if file is None:
        return blocks.said(item.body)
    return blocks.text_of(file.content, markers.spot_of(item), (item.block_id,))


def reason(at: Situation, actual: File) -> Cause:
    earlier, spot = _earlier_id(at), _spot_at(at)
    if earlier is not None:
        return Cause(f"the block {earlier!r} is {at.item.block_id!r} now")
    text = _text(at, actual)
    if text is None:
        names = sections.named(actual.content, spot)
        which = "section" if len(names) == 1 else "sections"
        place = f"; it takes the place of the {which} {', '.join(map(repr, names))}" if names else ""
        keys = "; the keys that rollout merged into it go" if _without_keys(at) is not None else ""
        return Cause(f"the file has no block {at.item.block_id!r} yet{place}{keys}", takes_over=True)
    if text == blocks.said(_body(at.item)):
        return Cause("its markers have another form now")
    return Cause("the block differs" if at.written is None else "the template changed")


def changed(at: Situation, base: File, actual: File) -> bool:
    before, after = (_text(at, file) for file in (base, actual))
    return before is not None and after != before


def merged(at: Situation, base: File, actual: File, wanted: File) -> bytes:
    was, theirs, told = (_text(at, file) for file in (base, actual, wanted))
    if theirs is None:
        _place(at, actual)
        raise three_way.PartDeleted(1)
    if was is None or told is None:
        raise three_way.MergeConflict(1)
    try:
        text = three_way.merge(was, theirs, told)
    except three_way.MergeConflict as clash:
        raise three_way.MergeConflict(clash.line + _lines_above(at, actual, theirs)) from clash
    return blocks.splice(actual.content, text, _spot_at(at), _earlier_id(at), _stands(at))


def unclear(at: Situation) -> FileFault | None:
    try:
        if at.actual is not None and _text(at, at.actual) is None:
            _place(at, at.actual)
    except three_way.PartUnclear as found:
        begin, end = markers.written(_spot_at(at))
        what = "rollout's text, which has no markers there, was changed, and which lines are it is not clear"
        return MarkerError(f"{what}; put the lines {begin} and {end} around it, or where it belongs", line=found.line)
    return None


def told_then(at: Situation, base: File, before: File, after: File) -> bytes:
    was, has, had = (_text(at, file) for file in (before, after, base))
    if was is None or has is None or had is None:
        raise three_way.MergeConflict(1)
    return blocks.splice(base.content, three_way.merge(was, has, had), _spot_at(at), _earlier_id(at))


def _lines_above(at: Situation, file: File, text: bytes) -> int:
    """Return how many lines of a file stand above the text of our block."""
    block = blocks.find(file.content, _spot_at(at)).get(_earlier_id(at) or at.item.block_id)
    start = 0 if block is None else block.begin.end
    return file.content.count(b"\n", 0, max(file.content.find(text, start), start))


def ours(item: Managed, actual: File) -> TakenOver | None:
    """If a file holds the text without markers, what we remember is the file with them."""
    spot, body = markers.spot_of(item), _body(item)
    there = blocks.find(actual.content, spot)
    if item.block_id in there or not blocks.without_markers(actual.content, body, spot):
        return TakenOver(actual)
    try:
        marked = blocks.splice(None if there else actual.content, body, spot, last=body)
    except MarkerError:
        marked = blocks.splice(None, body, spot)
    return TakenOver(File(marked, actual.executable))


def _without_keys(at: Situation) -> bytes | None:
    """Return a file that has no block yet without the keys that we merged into it: the block says them again."""
    if at.actual is None or at.written is None or _text(at, at.actual) is not None:
        return None
    from rollout.content.modes import share  # with it come the readers of documents, which few blocks need

    return share.without_our_keys(at)


def _body(item: Managed) -> bytes:
    """Return the template's text without a byte order mark, which would stand in the middle of the file."""
    return item.body.removeprefix(b"\xef\xbb\xbf")


def _spot_at(at: Situation) -> markers.Spot:
    return earlier_markers.with_earlier(markers.spot_of(at.item), at.written, _body(at.item))


def _text(at: Situation, file: File) -> bytes | None:
    """Return the text of our block in a file, with markers or without."""
    marked = _marked(at, file)
    return marked if marked is not None else _unmarked(at, file)


def _unmarked(at: Situation, file: File) -> bytes | None:
    """Return the text of our block where it has no markers, also as others changed it, if its place is clear."""
    texts = (text for text in (_last(at), _body(at.item)) if blocks.without_markers(file.content, text, _spot_at(at)))
    found = next((blocks.said(text) for text in texts), None)
    if found is not None:
        return found
    with suppress(three_way.PartUnclear):
        span = _place(at, file)
        return None if span is None else blocks.said(file.content[slice(*span)])
    return None


def _stands(at: Situation) -> bytes:
    """Return the text of our block as it stands in the file, if it has no markers there."""
    return b"" if at.actual is None or _marked(at, at.actual) is not None else _unmarked(at, at.actual) or b""


def _place(at: Situation, file: File) -> tuple[int, int] | None:
    """Return the span of our text in a file where others changed it; None if we took none over, or it is gone."""
    written, spot = at.written, _spot_at(at)
    if written is None or written.file is None or not written.noted or written.keys_only:
        return None
    last = written.file.content
    there = list(blocks.find(last, spot).values())
    if len(there) != 1 or blocks.find(file.content, spot):
        return None
    start, text = there[0].begin.start, there[0].inner(last).strip(b"\r\n") + b"\n"
    before = last[:start] + text + last[there[0].end.end :]
    found = unmarked.moved(before, (start, start + len(text)), file.content)
    if found is not None and blocks.without_markers(file.content, file.content[slice(*found)], spot) != found:
        raise three_way.PartUnclear(file.content.count(b"\n", 0, found[0]) + 1)
    return found


def _marked(at: Situation, file: File) -> bytes | None:
    earlier = _earlier_id(at)
    names = (at.item.block_id,) if earlier is None else (at.item.block_id, earlier)
    return blocks.text_of(file.content, _spot_at(at), names)


def _last(at: Situation) -> bytes:
    """Return the text of our block where it has no markers: since we took it over, or since another mode wrote it."""
    written = at.written
    if written is None or written.file is None or not (written.alone or written.noted) or written.keys_only:
        return b""
    spot, last = _spot_at(at), written.file.content
    there = blocks.find(last, spot)
    if not written.noted:
        return b"" if there else last
    return blocks.text_of(last, spot, (at.item.block_id, *there)) or b""


def _earlier_id(at: Situation) -> str | None:
    """Return the id that our block still has in the file, if its set or its id was renamed since."""
    if at.actual is None:
        return None
    spot = _spot_at(at)
    if blocks.find(at.actual.content, spot).keys() <= {at.item.block_id}:
        return None  # no other block is there, so our past need not be read
    last = at.written.file if at.written is not None and at.written.own else None
    ours = our_blocks.ids(at.written, spot) if at.written is not None and at.written.ours else None
    our_blocks.refuse_others(at.actual.content, ours or (), spot)
    return blocks.earlier_id(at.actual.content, last.content if last else None, _body(at.item), spot, ours)


__all__ = [
    "TRAITS", "agreed", "changed", "fault", "merged", "ours", "part", "passed_over", "reason", "template_fault",
    "told_then", "unclear", "wanted",
]  # fmt: skip
