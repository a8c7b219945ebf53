"""Our keys of a document, known from what rollout wrote there, whatever the mode is now."""

from __future__ import annotations

from msgspec import Struct

from rollout.content.documents import formats, merge, torn
from rollout.content.documents.earlier_format import kept_others
from rollout.content.documents.key_path import KeyPath
from rollout.content.file_fault import FileFault
from rollout.content.modes import said_again
from rollout.content.modes.merged_path import merged_file
from rollout.content.modes.mode import Situation
from rollout.model.files import Managed, Written
from rollout.model.inventory import FormatName
from rollout.model.own_writes import alone

Pairs = tuple[tuple[bytes, bytes], ...]


class Rest(Struct, frozen=True):
    """What is left of a file without our part, None if nothing; `sure` if no one needs to be asked."""

    content: bytes | None
    sure: bool = True
    drifted: bool = False  # our part has changed since we wrote it
    theirs: bool = False  # others had what goes, or something in its place, before we first wrote there
    more: str = ""  # what a person has to know about what others changed
    unclear: FileFault | None = None  # why what others changed cannot be told from what they wrote beside it


def all_ours(pairs: Pairs) -> bool:
    """Tell whether everything in our last write is ours; a file that was blank counts as none."""
    return alone((before if before.strip() else None, after) for before, after in pairs)


def without_our_keys(at: Situation) -> bytes | None:
    """Return a document without the keys that rollout merged into it; None if it has none.

    Keys that others changed since stay.
    """
    if at.actual is None or at.written is None or at.written.file is None:
        return None
    found = without(at.actual.content, at.written.file.content, at.written, at.item)
    if found is None or found.unclear is not None or not found.sure or found.content == at.actual.content:
        return None
    return found.content or b""


def without(content: bytes, base: bytes, written: Written, item: Managed) -> Rest | None:
    """Return the document without the keys that we wrote; None if we may have written all of it."""
    pairs = written.ours
    kind = merged_file(item, pairs, content)
    if kind.format is None or not pairs:
        return None
    pairs = said_again.in_pairs(item, pairs)
    empty = formats.empty(kind.format)
    try:
        if not kept_others(pairs, kind):
            return None
        filled = ((before if before.strip() else empty, after) for before, after in pairs)
        ours = merge.past(filled, kind, written.anew)
        was = _said(base, ours, kind)
    except FileFault:
        return None  # another mode wrote the path then
    try:
        changed = _said(content, ours, kind) != was
        if changed and all_ours(pairs):
            return None
        left = merge.merged(content, empty, ours, kind)
        nothing = merge.made(pairs, kind) and not kind.read(left).root.parts and not kind.read(left).comments
        found = torn.torn(content, empty, ours, kind)
        sure = not found and not merge.would_change_foreign(content, empty, ours, kind)
        return Rest(None if nothing else left, sure=sure, drifted=changed or bool(found), more=torn.words(found))
    except FileFault as fault:
        return Rest(None, drifted=content != base, unclear=fault)


def _said(content: bytes, ours: merge.Ours, kind: merge.MergedFile) -> dict[KeyPath, str]:
    """Return the values of a document at the places that are ours."""
    there = merge.projection(content, formats.empty(kind.format or FormatName.JSON), ours, kind)
    return {place: text for place, text in there.items() if place}
