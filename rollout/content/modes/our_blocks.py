"""Find the blocks of ours in a file from what rollout wrote there, whatever their ids and markers should be now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import lru_cache

from msgspec.structs import replace

from rollout.content import blocks, earlier_markers, markers, three_way, unmarked
from rollout.content.blocks import Block
from rollout.content.markers import Spot
from rollout.model.files import File, Managed, Written


def spot_of(item: Managed, written: Written | None) -> Spot:
    """Return the place of a file's block, with the form that its markers have in our last write."""
    return earlier_markers.with_earlier(markers.spot_of(item), written, item.body)


def texts(content: bytes, spot: Spot) -> Mapping[str, bytes]:
    """Return the texts of the blocks in a file, by id; half a pair of markers counts as text."""
    try:
        return {name: blocks.said(block.inner(content)) for name, block in blocks.find(content, spot).items()}
    except markers.MarkerError:
        return {}


def ids(written: Written, spot: Spot) -> tuple[str, ...]:
    """Return the ids of the blocks of ours in our last write: those whose text a write of ours changed."""
    there = texts(written.file.content, spot) if written.file is not None else {}
    noted = there if written.noted and not written.keys_only else {}
    return tuple(name for name in dict.fromkeys((*_changed(written.ours, spot), *noted)) if name in there)


@lru_cache(maxsize=64)
def _changed(pairs: tuple[tuple[bytes, bytes], ...], spot: Spot) -> tuple[str, ...]:
    ours: dict[str, None] = {}
    for before, after in pairs:
        had, has = texts(before, spot), texts(after, spot)
        ours |= {name: None for name, text in has.items() if had.get(name) != text}
    return tuple(ours)


Stood = tuple[bytes, tuple[int, int]]  # a file as it was, and the span of our text in it, which had no markers


def stood(last: bytes, spot: Spot) -> Stood | None:
    """Return a file that we took over as it stood, from what we remember of it; None unless it has one block there."""
    there = list(blocks.find(last, spot).values())
    return _bare(last, there[0]) if len(there) == 1 else None


def _bare(content: bytes, block: Block) -> Stood:
    """Return a file with the text of a block as it stood there before it had markers."""
    newline = b"\r\n" if content[: block.begin.end].endswith(b"\r\n") else b"\n"
    start, text = block.begin.start, block.inner(content).strip(b"\r\n") + newline
    return content[:start] + text + content[block.end.end :], (start, start + len(text))


def moved(before: Stood, content: bytes, spot: Spot) -> tuple[int, int] | None:
    """Return the span of our text in a file where others changed it; None if it is gone.

    Raises PartUnclear if a line may be in it that others wrote.
    """
    found = unmarked.moved(*before, content)
    if found is not None and blocks.without_markers(content, content[slice(*found)], spot) != found:
        raise three_way.PartUnclear(content.count(b"\n", 0, found[0]) + 1)
    return found


def bare(last: bytes, name: str, content: bytes, spot: Spot) -> tuple[int, int] | None:
    """Return the span of our text in a file whose markers a person took out; None if the text is gone with them.

    Raises PartUnclear if a line may be in it that others wrote.
    """
    block = blocks.find(last, spot)[name]
    whole = blocks.without_markers(content, block.inner(last), spot)
    if whole is not None:
        return whole
    before = _unwrapped(last, block)
    if unmarked.is_gone(*before, content):
        return None
    found = unmarked.moved(*before, content)
    return None if found is None or _is_shown(content, found, spot) else moved(before, content, spot)


def _is_shown(content: bytes, span: tuple[int, int], spot: Spot) -> bool:
    """Tell whether a text that stands in a file once does so in code, or in a block."""
    text = content[slice(*span)]
    return unmarked.place(content, blocks.said(text)) == span and not blocks.without_markers(content, text, spot)


def _unwrapped(content: bytes, block: Block) -> Stood:
    """Return a file without the two markers of a block alone, and the span of its text in it."""
    start, inner = block.begin.start, block.inner(content)
    text = inner.strip(b"\r\n")
    first = inner.find(text)
    last = inner.find(b"\n", first + len(text)) + 1
    return content[:start] + inner + content[block.end.end :], (start + first, start + last)


def marked_again(last: bytes, name: str, content: bytes, spot: Spot) -> bytes:
    """Return a file with the markers that our last write has, where a person took them out and left our text.

    Raises PartUnclear as `bare` does.
    """
    if name in blocks.find(content, spot):
        return content
    block, span = blocks.find(last, spot)[name], bare(last, name, content, spot)
    if span is None:
        return content
    begin, end = (last[mark.start : mark.end] for mark in (block.begin, block.end))
    text = content[slice(*span)]
    ended = b"" if text.endswith(b"\n") else b"\n"
    return content[: span[0]] + begin + text + ended + end + content[span[1] :]


def unclear(spot: Spot, line: int) -> markers.MarkerError:
    """Return the fault of a text without markers of which it is not clear which lines it is, with the way out."""
    begin, end = markers.written(spot)
    what = "rollout's text, which has no markers there, was changed, and which lines are rollout's is not clear"
    return markers.MarkerError(f"{what}; put the lines {begin} and {end} around it, or where it belongs", line=line)


def as_found(item: Managed, written: Written, base: File, actual: File) -> File:
    """Return what we remember of a file as it was found: its text, taken over as a block, has no markers there yet."""
    spot = spot_of(item, written)
    with suppress(markers.MarkerError):
        there = blocks.find(base.content, spot)
        marked = {*texts(actual.content, spot), *texts(item.body, spot)}  # a template may hold such lines itself
        if len(there) == 1 and not there.keys() & marked:
            found, _ = _bare(base.content, *there.values())
            ended = actual.content.endswith(b"\n") or not found.endswith(b"\n")
            return replace(base, content=found if ended else found.removesuffix(b"\n").removesuffix(b"\r"))
    return base


def refuse_others(content: bytes, ours: Collection[str], spot: Spot) -> None:
    """Raise MarkerError if the block with the id is another's, and one of ours stands beside it."""
    there = blocks.find(content, spot)
    left = [name for name in ours if name in there]
    if left and spot.block_id in there and spot.block_id not in ours:
        raise markers.MarkerError(
            f"the block {spot.block_id!r} is not rollout's, whose block here is {left[0]!r}; say another id: under "
            "'files', or take one of the two out of the file",
            line=there[spot.block_id].begin.number,
        )


def ever_id(written: Written, spot: Spot) -> str | None:
    """Return the id of the block of ours in our writes, if it is clear, also where the last one left none."""
    known = tuple(dict.fromkeys((*_changed(written.ours, spot), *ids(written, spot))))
    chosen = [name for name in known if name == spot.block_id] or (known if written.own else ())
    return chosen[0] if len(chosen) == 1 else None


def had_no_end(pairs: tuple[tuple[bytes, bytes], ...]) -> bool:
    """Tell whether we alone gave the last line its line end."""
    had_none = False
    for before, after in pairs:
        had_none = bool(before) and (had_none or not before.endswith(b"\n")) and after.endswith(b"\n")
    return had_none


def last_id(written: Written, spot: Spot) -> str | None:
    """Return the id of our block in our last write, as it is called there; None if it has none, or it is not clear."""
    there = texts(written.file.content, spot) if written.file is not None else {}
    if spot.block_id in there:
        return spot.block_id
    with suppress(markers.MarkerError):
        return own_id(written, spot) if there else None
    return None


def own_id(written: Written, spot: Spot) -> str | None:
    """Return the id of the block of ours in our last write, if it has one; raise MarkerError where it is not clear."""
    known = ids(written, spot)
    chosen = [name for name in known if name == spot.block_id] or (known if written.own else ())
    if len(chosen) > 1:
        listed = ", ".join(map(repr, chosen))
        raise markers.MarkerError(
            f"it is not clear which of the blocks {listed} is ours; say it under 'files' with id:"
        )
    return chosen[0] if chosen else None
