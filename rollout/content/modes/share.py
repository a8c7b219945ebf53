"""Find our part of a file from what rollout wrote there, whatever the mode was."""

from __future__ import annotations

import re
from contextlib import suppress

from msgspec.structs import replace

from rollout.content import blocks, markers, three_way
from rollout.content.documents.earlier_format import kept_others
from rollout.content.file_fault import FileFault
from rollout.content.markers import Spot
from rollout.content.modes import our_blocks, our_keys, our_lines
from rollout.content.modes.merged_path import merged_file
from rollout.content.modes.mode import Situation
from rollout.content.modes.our_keys import Pairs, Rest
from rollout.model.files import File, Managed, Written
from rollout.model.own_writes import FileShare, nothing_of_others


def rest(at: Situation) -> Rest:
    """Return what is left of the file without what rollout wrote."""
    if at.actual is None or (at.written is not None and at.written.file is None):
        return Rest(None, drifted=at.actual is not None)
    content = at.actual.content
    if at.written is None or at.written.file is None:
        spot = markers.spot_of(at.item)
        return _without_blocks(content, content, spot.block_id, spot) or Rest(None, sure=False)
    if at.written.share is FileShare.NONE:
        return Rest(content)
    if at.written.keys_only and not at.written.ours:
        return Rest(content)  # a document that others had written just so: no key of it was ever ours
    written = _since_left(content, at.written, at.item)
    if not _wrote_over(written):
        return _rest(content, written, at.item)
    found = _rest(content, _made_anew(written), at.item)
    return replace(found, theirs=bool(_first(written).strip()))


def _since_left(content: bytes, written: Written, item: Managed) -> Written:
    """Return what we wrote last, not what we noted of it since, where the file still is as our last write left it."""
    if not written.noted or not written.ours or written.ours[-1][1] != content:
        return written
    if not written.as_left and not _is_merged(written.ours, item):
        return written
    writes = [(before or None, after) for before, after in written.ours]
    alone = written.as_left and nothing_of_others(writes, written.share, written.merged)
    return replace(written, file=File(content), noted=False, keys_only=False, as_left=False, alone=alone)


def _wrote_over(written: Written) -> bool:
    """Tell whether we wrote the whole file where others had one: nothing of theirs is in it, whatever it says."""
    return written.alone and not written.noted and not our_keys.all_ours(written.ours)


def _made_anew(written: Written) -> Written:
    """Return what we wrote last as if nothing had been there before."""
    return replace(written, ours=((b"", written.file.content if written.file else b""),), anew=frozenset())


def _rest(content: bytes, written: Written, item: Managed) -> Rest:
    base = b"" if written.file is None else written.file.content
    spot = our_blocks.spot_of(item, written)
    all_ours = (written.noted and not written.keys_only) or our_keys.all_ours(written.ours)
    own_id = our_blocks.own_id(written, spot)
    if own_id is not None and not written.noted:
        try:
            content = our_blocks.marked_again(base, own_id, content, spot)
        except three_way.PartUnclear as clash:
            return Rest(None, drifted=True, unclear=our_blocks.unclear(replace(spot, block_id=own_id), clash.line))
    if content == base and all_ours and not (written.noted and own_id):
        return Rest(None, theirs=_takes_theirs(written, item))
    without = _without_blocks(content, base, own_id, spot, written.ours)
    without = without or our_keys.without(content, base, written, item)
    if without is not None and without.unclear is None:
        if without.content is not None and written.noted:
            without = _without_bare(without, base, content, spot)
        first = our_blocks.texts(_first(written), spot)
        theirs = _takes_theirs(written, item) if written.noted else own_id in first
        return replace(without, content=_unless_blank(without.content), theirs=theirs)
    if not all_ours and _released(written, item):
        return Rest(content)
    others = None if all_ours else our_lines.without(content, written.ours)
    if others is not None:
        return Rest(_unless_blank(others))
    if without is not None and not all_ours:
        return without
    theirs = _takes_theirs(written, item)
    sure = all_ours or not _survives(written.ours)
    way_out = "" if sure else _unknown_format(item, written.ours)
    return Rest(None, sure=sure, drifted=content != base, theirs=theirs, more=way_out)


def _takes_theirs(written: Written, item: Managed) -> bool:
    """Tell whether others had all that goes, or something in its place, before it was ours."""
    if written.noted and not written.as_left:
        return True
    return bool(_first(written).strip()) and not (written.noted and _is_merged(written.ours, item))


def _is_merged(pairs: Pairs, item: Managed) -> bool:
    """Tell whether our writes of a document kept what others had in it."""
    kind = merged_file(item, pairs)
    with suppress(FileFault):
        return kind.format is not None and bool(pairs) and kept_others(pairs, kind)
    return False


def _unknown_format(item: Managed, pairs: Pairs) -> str:
    """Name the setting by which only our keys go, where it is not known what kind of document a path is."""
    known = merged_file(item, pairs).format
    return "" if known else "; if it was merged, say its `format:`, and only what rollout wrote goes"


def _first(written: Written) -> bytes:
    """Return what was there before our first write."""
    return written.ours[0][0] if written.ours else b""


def _survives(pairs: Pairs) -> bool:
    """Tell whether our last write may contain text that others wrote."""
    foreign: set[bytes] = set()
    last = b""
    for before, after in pairs:
        foreign = (foreign | (_words(before) - _words(last))) & _words(after)
        last = after
    return bool(foreign) or not pairs


def _words(content: bytes) -> set[bytes]:
    return set(re.findall(rb"\w+", content))


def _released(written: Written, item: Managed) -> bool:
    """Tell whether our last write removed our part: then the rest belongs to others."""
    if not written.ours or written.file is None:
        return False
    earlier, (before, after) = written.ours[:-1], written.ours[-1]
    if not earlier or after != written.file.content:
        return False
    found = replace(written, file=File(earlier[-1][1]), ours=earlier, noted=False)
    return _rest(before, found, item).content == after


def _unless_blank(content: bytes | None) -> bytes | None:
    return content if content is not None and content.strip() else None


# --- blocks


def unwrapped(at: Situation, content: bytes) -> bytes:
    """Return a document without the markers that we wrote into it when its mode was `block`."""
    if at.written is None or at.written.file is None:
        return content
    spot = our_blocks.spot_of(at.item, at.written)
    with suppress(markers.MarkerError):
        there = blocks.find(content, spot)
        own_id = our_blocks.own_id(at.written, spot)
        return blocks.unwrapped(content, [block for name, block in there.items() if name == own_id])
    return content


def _without_blocks(content: bytes, base: bytes, own_id: str | None, spot: Spot, pairs: Pairs = ()) -> Rest | None:
    was, now = our_blocks.texts(base, spot), our_blocks.texts(content, spot)
    if own_id is None or own_id not in was:
        return None
    gone = [block for name, block in blocks.find(content, spot).items() if name == own_id]
    left = blocks.without(content, gone, had_no_end=our_blocks.had_no_end(pairs))
    drifted = own_id in now and now[own_id] != was[own_id]
    return Rest(left if left.strip() else None, drifted=drifted)


def _without_bare(found: Rest, base: bytes, content: bytes, spot: Spot) -> Rest:
    """Return what is left without the text that we took over, which has no markers, also where others changed it."""
    was, now = our_blocks.texts(base, spot), our_blocks.texts(content, spot)
    left = blocks.without_texts(found.content or b"", [was[name] for name in was if name not in now], spot)
    before = our_blocks.stood(base, spot) if left == content and not now else None
    if before is not None:
        try:
            span = our_blocks.moved(before, content, spot)
        except three_way.PartUnclear as clash:
            named = replace(spot, block_id=next(iter(was)))
            return Rest(None, drifted=True, unclear=our_blocks.unclear(named, clash.line))
        if span is not None:
            left, found = content[: span[0]] + content[span[1] :], replace(found, drifted=True)
    return replace(found, content=left if left.strip() else None)
