"""Find our part of a file from what rollout wrote there, whatever the mode was."""

from __future__ import annotations

import re
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from rollout.content import blocks, markers
from rollout.content.documents import formats, merge, places
from rollout.content.documents.match import match_for
from rollout.content.file_fault import FileFault
from rollout.content.modes.mode import Situation
from rollout.model.files import Managed, Written
from rollout.model.inventory import FormatName

Pairs = tuple[tuple[bytes, bytes], ...]


class Rest(Struct, frozen=True):
    """What is left of a file without our part, None if nothing; `sure` if no one needs to be asked."""

    content: bytes | None
    sure: bool = True
    drifted: bool = False  # our part has changed since we wrote it
    theirs: bool = False  # others had what goes, or something in its place, before we first wrote there


def rest(at: Situation) -> Rest:
    """Return what is left of the file without what rollout wrote."""
    if at.actual is None or (at.written is not None and at.written.file is None):
        return Rest(None, drifted=at.actual is not None)
    content = at.actual.content
    if at.written is None or at.written.file is None:
        return _without_blocks(content, content, _named(content, at.item), at.item) or Rest(None, sure=False)
    if at.written.keys_only and not at.written.ours:
        return Rest(content)  # a document that others had written just so: no key of it was ever ours
    return _rest(content, at.written.file.content, at.written, at.item)


def _rest(content: bytes, base: bytes, written: Written, item: Managed) -> Rest:
    alone = (written.noted and not written.keys_only) or _alone(written.ours)
    names = _blocks(written, base, item)
    if content == base and alone and not (written.noted and names):
        return Rest(None, theirs=written.noted)
    without = _without_blocks(content, base, names, item, written.ours) or _without_keys(
        content, base, written.ours, item
    )
    if without is not None and without.content is not None and written.noted:
        texts = [text for name, text in _found(base, item).items() if name not in _found(content, item)]
        left = blocks.without_texts(without.content, texts, markers.spot_of(item))
        without = replace(without, content=left if left.strip() else None)
    if without is not None:
        theirs = written.noted or any(name in _found(_first(written), item) for name in names)
        return replace(without, content=_unless_blank(without.content), theirs=theirs)
    if not alone and _released(written, item):
        return Rest(content)
    theirs = written.noted or bool(_first(written).strip())
    return Rest(None, sure=alone or not _survives(written.ours), drifted=content != base, theirs=theirs)


def _first(written: Written) -> bytes:
    """Return what was there before our first write."""
    return written.ours[0][0] if written.ours else b""


def _alone(pairs: Pairs) -> bool:
    """Tell whether everything in our last write is ours: we created the file, and always found it as we had left it."""
    alone, last = False, b""
    for before, after in pairs:
        alone = not before.strip() or (alone and before == last)
        last = after
    return alone


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
    found = replace(written, ours=earlier, noted=False)
    return _rest(before, earlier[-1][1], found, item).content == after


def _unless_blank(content: bytes | None) -> bytes | None:
    return content if content is not None and content.strip() else None


def _had_no_end(pairs: Pairs) -> bool:
    """Tell whether we alone gave the last line its line end."""
    had_none = False
    for before, after in pairs:
        had_none = bool(before) and (had_none or not before.endswith(b"\n")) and after.endswith(b"\n")
    return had_none


# --- blocks


def unwrapped(at: Situation, content: bytes) -> bytes:
    """Return a document without the markers that we wrote into it when its mode was `block`."""
    if at.written is None or at.written.file is None or not _found(content, at.item):
        return content
    with suppress(markers.MarkerError):
        ours = _blocks(at.written, at.written.file.content, at.item)
        there = blocks.find(content, markers.spot_of(at.item))
        return blocks.unwrapped(content, [there[name] for name in ours if name in there])
    return content


def _found(content: bytes, item: Managed) -> dict[str, bytes]:
    """Return the texts of the blocks in a file, by id; half a pair of markers counts as text."""
    spot = markers.spot_of(item)
    try:
        return {name: blocks.said(block.inner(content)) for name, block in blocks.find(content, spot).items()}
    except markers.MarkerError:
        return {}


def _named(content: bytes, item: Managed) -> tuple[str, ...]:
    return tuple(name for name in _found(content, item) if name == item.block_id)


def _blocks(written: Written, base: bytes, item: Managed) -> tuple[str, ...]:
    """Return the blocks of ours in our last write; more than one only if an id says which."""
    there = _found(base, item)
    ours: dict[str, None] = {}
    for before, after in written.ours:
        had, has = _found(before, item), _found(after, item)
        ours |= {name: None for name, text in has.items() if had.get(name) != text}
    if written.noted and not written.keys_only:
        ours |= dict.fromkeys(there)
    known = [name for name in ours if name in there]
    chosen = [name for name in known if name == item.block_id] or (known if written.own else [])
    if len(chosen) > 1:
        listed = ", ".join(map(repr, chosen))
        raise markers.MarkerError(
            f"it is not clear which of the blocks {listed} is ours; say it under 'files' with id:"
        )
    return tuple(chosen)


def _without_blocks(
    content: bytes, base: bytes, names: tuple[str, ...], item: Managed, pairs: Pairs = ()
) -> Rest | None:
    if not names:
        return None
    there = blocks.find(content, markers.spot_of(item))
    gone = [there[name] for name in names if name in there]
    left = blocks.without(content, gone, had_no_end=_had_no_end(pairs))
    was, now = _found(base, item), _found(content, item)
    drifted = any(name in now and now[name] != was[name] for name in names)
    return Rest(left if left.strip() else None, drifted=drifted)


# --- keys


def _without_keys(content: bytes, base: bytes, pairs: Pairs, item: Managed) -> Rest | None:
    """Return the document without the keys that we wrote; None if we may have written all of it."""
    name = formats.format_of(item.path, item.rule.format)
    if name is None or not pairs:
        return None
    kind = merge.MergedFile(item.path, name, match_for(item.path, dict(item.rule.match)))
    empty = formats.empty(name)
    try:
        if not _merges(pairs, kind):
            return None
        ours = merge.past(((before if before.strip() else empty, after) for before, after in pairs), kind)
        changed = _said(content, ours, kind) != _said(base, ours, kind)
        if changed and _alone(pairs):
            return None
        left = merge.merged(content, empty, ours, kind)
        nothing = _alone(pairs) and not kind.read(left).root.parts and not kind.read(left).comments
        sure = not merge.would_change_foreign(content, empty, ours, kind)
        return Rest(None if nothing else left, sure=sure, drifted=changed)
    except FileFault:
        return None


def _said(content: bytes, ours: merge.Ours, kind: merge.MergedFile) -> dict[str, str]:
    """Return the values of a document at the places that are ours."""
    there = merge.projection(content, formats.empty(kind.format or FormatName.JSON), ours, kind)
    return {place: text for place, text in there.items() if place}


def _merges(pairs: Pairs, kind: merge.MergedFile) -> bool:
    """Tell whether every write of ours kept what others had in the document."""
    for number, (before, after) in enumerate(pairs):
        if not before.strip():
            continue
        ours = merge.past(pairs[:number], kind)
        mine = {*ours.added, *ours.entries}
        root = kind.read(after).root
        for place, _ in places.leaves(kind.read(before).root, kind.match):
            foreign = not any(place[: len(one)] == one for one in mine)
            if foreign and place and places.at(root, place, kind.match) is None:
                return False
    return True
