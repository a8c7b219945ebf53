"""A managed block inside somebody else's file: find it, replace it, leave the rest to the byte."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from rollout.content import comments, markers, refusals, sections, unmarked
from rollout.content.markers import ID, Mark, MarkerError, MarkKind, Spot, marks

_BOM = b"\xef\xbb\xbf"


class Block(Struct, frozen=True):
    """A block as it stands in a file, by the lines of its markers."""

    begin: Mark
    end: Mark

    def inner(self, content: bytes) -> bytes:
        return content[self.begin.end : self.end.start]


def valid_id(block_id: str) -> bool:
    return re.fullmatch(ID, block_id) is not None


def find(content: bytes, spot: Spot) -> Mapping[str, Block]:
    """Return the blocks of a file by their ids.

    Raises MarkerError for half, doubled, nested or crossed markers, whichever block they are of.
    """
    found: dict[str, Block] = {}
    opened: Mark | None = None
    for mark in marks(content, spot):
        if mark.kind is MarkKind.BEGIN:
            if opened is not None:
                raise _broken(mark, f"begins inside block {opened.name!r}")
            if mark.name in found:
                raise _broken(mark, "begins a second time")
            opened = mark
        else:
            if opened is None or opened.name != mark.name:
                raise _broken(mark, "ends but did not begin")
            found[mark.name] = Block(opened, mark)
            opened = None
    if opened is not None:
        raise _broken(opened, "begins but does not end")
    return found


def _broken(mark: Mark, what: str) -> MarkerError:
    way_out = "mend the markers in the file: one line begins a block, and one ends it"
    return MarkerError(f"block {mark.name!r} {what}; {way_out}", line=mark.number)


def text_of(content: bytes, spot: Spot, names: Iterable[str]) -> bytes | None:
    """Return the text of the first of these blocks that exists, with LF line ends, or None.

    Blank lines directly inside the markers say nothing: we or a formatter put them there.
    """
    found = find(content, spot)
    block = next((found[name] for name in names if name in found), None)
    return None if block is None else said(block.inner(content))


def said(inner: bytes) -> bytes:
    """Return a block's text without blank lines around it, with LF line ends."""
    return _edges(_plain(inner))[1]


def _plain(text: bytes) -> bytes:
    whole = text if not text or text.endswith(b"\n") else text + b"\n"
    return re.sub(rb"\r+\n", b"\n", whole)


def _edges(inner: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the blank lines at the beginning of a block, its text, and the blank lines at its end."""
    lines = re.findall(rb"[^\n]*\n|[^\n]+\Z", inner)
    full = [number for number, line in enumerate(lines) if line.strip()]
    if not full:
        return b"", b"", b""
    return (
        b"".join(lines[: full[0]]),
        b"".join(lines[full[0] : full[-1] + 1]),
        b"".join(lines[full[-1] + 1 :]),
    )


def earlier_id(
    content: bytes, last: bytes | None, body: bytes, spot: Spot, written: Collection[str] | None = None
) -> str | None:
    """Return the id of our block in a file, if it has another id than it should have.

    `last` is what we wrote there last, and `written` are the blocks in it whose text we are known to have written.
    Where nothing is known, a block with exactly this text is ours.
    """
    there = find(content, spot)
    if spot.block_id in there:
        return None
    alike = [name for name, block in there.items() if said(block.inner(content)) == said(body) != b""]
    known = [name for name in _names(last, spot) if written is None or name in written]
    ours = [name for name in there if name in known]
    if len(ours) > 1 and not set(alike) & set(ours):
        names = ", ".join(map(repr, ours))
        raise MarkerError(
            f"it is not clear which of the blocks {names} is {spot.block_id!r} now; rename its markers in the file"
        )
    chosen = [name for name in ours if name in alike] or ours or ([] if known else alike)
    return chosen[0] if len(chosen) == 1 else None


def _names(last: bytes | None, spot: Spot) -> Collection[str]:
    try:
        return find(last or b"", spot)
    except MarkerError:
        return ()


def without_markers(content: bytes, body: bytes, spot: Spot) -> tuple[int, int] | None:
    """Return the span of a block's text in a file, outside of any block; None unless it is there once.

    Within code of Markdown it is none: its markers would be text.
    """
    found = unmarked.place(content, said(body))
    inside = found and any(one.begin.start <= found[0] < one.end.end for one in find(content, spot).values())
    return None if found is None or inside or markers.would_be_code(content, found, spot.path) else found


def splice(content: bytes | None, body: bytes, spot: Spot, earlier: str | None = None, last: bytes = b"") -> bytes:
    """Return the file with `body` as the block; a file without one gets it in place of a section or appended.

    A block that stands there under the `earlier` id, or in markers of another form, is moved; the block's `last` text
    becomes the block where it stands without markers. Raises MarkerError if the result would not hold exactly this
    block.
    """
    there = content or b""
    spot = replace(spot, script=comments.of_script(there))
    refusals.refuse(there, body, spot)
    found = find(there, spot)
    block = found.get(spot.block_id) or found.get(earlier or "")
    result = _added(there, body, spot, last) if block is None else _moved(there, block, body, spot)
    if result != content:
        _prove(result, body, spot, len(found) + (block is None))
    return result


def _moved(content: bytes, block: Block, body: bytes, spot: Spot) -> bytes:
    """Put the body between the existing markers, and correct markers that have another form or id."""
    newline = _line_end(content[block.begin.start : block.begin.end])
    inner = block.inner(content)
    if said(inner) != said(body):
        before, _, after = _edges(inner)
        gap = _gap(spot, newline)
        inner = (before or gap) + said(body).replace(b"\n", newline) + (after or gap)
    lines = zip((block.begin, block.end), markers.written(spot), markers.form_of(spot), strict=True)
    begin, end = (_mended(content, mark, line, form, spot) for mark, line, form in lines)
    return content[: block.begin.start] + begin + inner + end + content[block.end.end :]


def _mended(content: bytes, mark: Mark, line: str, form: str, spot: Spot) -> bytes:
    there = content[mark.start : mark.end]
    if mark.name == spot.block_id and mark.written == form:
        return there
    text = there.removeprefix(_BOM) if mark.start == 0 else there
    before = there[: len(there) - len(text)] + text[: len(text) - len(text.lstrip(b" \t"))]
    return before + line.encode() + there[len(there.rstrip(b"\r\n")) :]


def _added(content: bytes, body: bytes, spot: Spot, last: bytes) -> bytes:
    newline = b"\r\n" if content.count(b"\r\n") * 2 > content.count(b"\n") else b"\n"
    whole = _whole(body, spot, newline)
    mine = without_markers(content, last, spot)
    replaced = (mine,) if mine else sections.replaced(content, spot)
    if replaced:
        return _in_place_of(content, whole, *replaced)
    refusals.refuse_behind_code(content, body, spot)
    if content in (b"", _BOM):
        return content + whole
    return content + (b"" if content.endswith(b"\n") else newline) + newline + whole


def _in_place_of(content: bytes, whole: bytes, first: tuple[int, int], *others: tuple[int, int]) -> bytes:
    kept, at = [content[: first[0]], whole], first[1]
    for start, end in others:
        kept.append(content[at:start])
        at = end
    return b"".join(kept) + content[at:]


def without(content: bytes, gone: Iterable[Block], *, had_no_end: bool = False) -> bytes:
    """Return the file without these blocks, and without the blank line that stood between one and the rest.

    What stays in front of one that comes last has no line end where it `had_no_end` before the block.
    """
    for block in sorted(gone, key=lambda block: block.begin.start, reverse=True):
        bom = len(_BOM) if block.begin.start == 0 and content.startswith(_BOM) else 0
        before, after = content[: block.begin.start + bom], content[block.end.end :]
        apart = re.search(rb"(?:\A|\n)(\r?\n)\Z", before)
        if apart is not None and (not after or re.match(rb"\r?\n", after)):
            before = before[: apart.start(1)]
        if had_no_end and not after:
            before = before.removesuffix(b"\n").removesuffix(b"\r")
        content = before + after
    return content


def unwrapped(content: bytes, gone: Iterable[Block]) -> bytes:
    """Return the file with the texts of these blocks, without their markers and the blank line in front of each."""
    for block in sorted(gone, key=lambda block: block.begin.start, reverse=True):
        rest = without(content[: block.end.end], [block])
        content = rest + block.inner(content) + content[block.end.end :]
    return content


def without_texts(content: bytes, texts: Iterable[bytes], spot: Spot) -> bytes:
    """Return the file without the texts of blocks that stand there without markers."""
    for text in texts:
        found = without_markers(content, text, spot)
        content = content[: found[0]] + content[found[1] :] if found else content
    return content


def _whole(body: bytes, spot: Spot, newline: bytes) -> bytes:
    begin, end = (line.encode() for line in markers.written(spot))
    gap = _gap(spot, b"\n")
    return (begin + b"\n" + gap + _plain(body) + gap + end + b"\n").replace(b"\n", newline)


def _gap(spot: Spot, newline: bytes) -> bytes:
    """Return the blank line that separates a marker from the text, where the two would otherwise be one paragraph."""
    return newline if not spot.custom and spot.form == comments.RST else b""


def _line_end(line: bytes) -> bytes:
    return b"\r\n" if line.endswith(b"\r\n") else b"\n"


def _prove(result: bytes, body: bytes, spot: Spot, number: int) -> None:
    """Make sure that the result, read again, holds exactly this block."""
    try:
        found = find(result, spot)
    except MarkerError as error:
        raise MarkerError(f"the block would not be whole there; is a fence left open in it? {error}") from None
    block = found.get(spot.block_id)
    if block is None or len(found) != number or said(block.inner(result)) != said(body):
        raise MarkerError("the block would stand in a fence that nothing closes; close it in the file")
