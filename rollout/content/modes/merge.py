"""Mode `merge`: the keys that the template names are ours, the rest of the document is not."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.content import three_way
from rollout.content.documents import by_key, merge, mixed, torn
from rollout.content.documents.document import Unmergeable
from rollout.content.documents.formats import UNKNOWN, format_of
from rollout.content.documents.ours import past
from rollout.content.modes import share
from rollout.content.modes.merged_path import merged_file
from rollout.content.modes.mode import Cause, Situation, Traits, put_into
from rollout.content.modes.said_again import without_block
from rollout.content.modes.whole import part, passed_over, told_base, unclear
from rollout.model.files import Agreed, File, Managed, TakenOver, Written
from rollout.model.inventory import FileRule

TRAITS = Traits(partial=True, shared=True, needs_past=True, further=("format", "match"))


def fault(path: PurePosixPath, rule: FileRule) -> str | None:
    return None if format_of(path, rule.format) else UNKNOWN


def template_fault(item: Managed) -> str | None:
    try:
        merge.check(item.body, merged_file(item))
    except Unmergeable as error:
        return error.what
    return None


def text_fault(item: Managed, content: bytes) -> str | None:
    return merged_file(item).nothing(content)


def wanted(at: Situation) -> File | None:
    at = without_block(at)
    return put_into(at, _with_ours(at, at.actual.content if at.actual else None))


def reason(at: Situation, actual: File) -> Cause:
    at = without_block(at)
    actual = at.actual or actual
    ours = merge.with_agreed(_ours(at), merge.still_said(actual.content, agreed(at), _kind(at)))
    if merge.would_change_foreign(actual.content, at.item.body, ours, _kind(at)) or _torn(at, actual):
        return Cause("it would change values that rollout never wrote", takes_over=True)
    return Cause("keys are missing" if at.written is None else "the template changed")


def changed(at: Situation, base: File, actual: File) -> bool:
    at, base, actual = _bare(at, base, actual)
    mine, kind = _ours(at), _kind(at)
    try:
        before = merge.projection(base.content, at.item.body, mine, kind)
    except Unmergeable:
        return True
    now = merge.projection(actual.content, at.item.body, mine, kind)
    asked = merge.projection(at.item.body, at.item.body, mine, kind)
    known = merge.known(merge.with_agreed(mine, at.agreed))
    # What nobody had then is none of ours, nor what others had then and no template had asked for.
    ours = {place: said for place, said in before.items() if place in known or said == asked.get(place)}
    return any(now.get(place) != said for place, said in ours.items()) or bool(_torn(at, actual))


def more(at: Situation) -> str:
    at = without_block(at)
    return "" if at.actual is None else torn.words(_torn(at, at.actual))


def _torn(at: Situation, actual: File) -> tuple[torn.Torn, ...]:
    return torn.torn(actual.content, at.item.body, _ours(at), _kind(at))


def merged(at: Situation, base: File, actual: File, _wanted: File) -> bytes:
    at, base, actual = _bare(at, base, actual)
    if _torn(at, actual):
        raise three_way.EntryDeleted(1)
    kind, told = _kind(at), _with_ours(at, base.content)
    sides = by_key.Sides(base.content, actual.content, told)
    try:
        return _by_lines(sides, kind)
    except three_way.MergeConflict:
        content = by_key.merged(sides, kind.template(at.item.body), _ours(at), kind)
        if content is None:
            raise
        return content


def _by_lines(sides: by_key.Sides, kind: merge.MergedFile) -> bytes:
    content = three_way.merge(sides.base, sides.theirs, sides.ours)
    line = mixed.mixed(content, sides.base, sides.theirs, sides.ours, kind)
    if line is not None:
        raise three_way.MergeConflict(line)
    return content


def told_then(at: Situation, base: File, before: File, after: File) -> bytes:
    try:
        return three_way.merge(before.content, after.content, base.content)
    except three_way.MergeConflict:
        content = by_key.carried_over(by_key.Sides(before.content, base.content, after.content), _kind(at))
        if content is None:
            raise
        return content


def ours(_item: Managed, actual: File) -> TakenOver | None:
    """In a document that is shared with others, only what the template names becomes ours."""
    return TakenOver(actual, keys_only=True)


def agreed(at: Situation) -> Agreed:
    """Return the named keys that are as they should be, and those that were and that nobody changed since."""
    at = without_block(at)
    return () if at.actual is None else merge.agreed(at.actual.content, at.item.body, at.agreed, _kind(at))


def _with_ours(at: Situation, content: bytes | None) -> bytes:
    made = merge.merged(content, at.item.body, _ours(at), _kind(at))
    if content is None or made == content:
        return made
    alone = share.unwrapped(at, content)  # a marker that stays alone would be an error in mode `block`
    return made if alone == content else merge.merged(alone, at.item.body, _ours(at), _kind(at))


def _bare(at: Situation, base: File, actual: File) -> tuple[Situation, File, File]:
    """Return a situation, our last write and the file that is there, as they are merged."""
    bare = without_block(at)
    if bare is at or bare.written is None:
        return at, base, actual
    return bare, bare.written.file or base, bare.actual or actual


def _kind(at: Situation) -> merge.MergedFile:
    return merged_file(at.item, at.written.ours if at.written else ())


def _ours(at: Situation) -> past.Ours:
    writes, anew = (at.written.ours, at.written.anew) if at.written else ((), frozenset[int]())
    ours = _past(writes, anew, _kind(at))
    if ours.above and _has_markers(at):  # a marker is no comment on a key
        bare = tuple((share.unwrapped(at, before), share.unwrapped(at, after)) for before, after in writes)
        ours = replace(ours, above=_past(bare, anew, _kind(at)).above)
    return replace(ours, blank="") if _found_empty(at.written) else ours


@lru_cache(maxsize=8)  # several questions about one file follow each other
def _past(writes: tuple[tuple[bytes, bytes], ...], anew: frozenset[int], kind: merge.MergedFile) -> past.Ours:
    return merge.past(writes, kind, anew)


def _has_markers(at: Situation) -> bool:
    """Tell whether our last write left the markers of a block."""
    if at.written is None or at.written.file is None:
        return False
    content = at.written.file.content
    return share.unwrapped(at, content) != content


def _found_empty(written: Written | None) -> bool:
    """Tell whether we know that others had a file without a byte: where there is none, as little is remembered."""
    if written is None or written.alone or not written.ours or written.ours[0][0]:
        return False
    return all(one[1] == other[0] for one, other in pairwise(written.ours))


__all__ = [
    "TRAITS", "agreed", "changed", "fault", "merged", "more", "ours", "part", "passed_over", "reason",
    "template_fault", "text_fault", "told_base", "told_then", "unclear", "wanted",
]  # fmt: skip
