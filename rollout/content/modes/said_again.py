"""A document in which our block says again what stands beside it: merged, it is the document without the block."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from rollout.content import blocks, markers
from rollout.content.documents.document import Unmergeable
from rollout.content.documents.key_path import KeyPath
from rollout.content.documents.merge import MergedFile
from rollout.content.documents.twice import repeated_keys
from rollout.content.markers import Spot
from rollout.content.modes import our_blocks
from rollout.content.modes.merged_path import merged_file
from rollout.content.modes.mode import Situation
from rollout.model.files import File, Managed, Written

Pairs = tuple[tuple[bytes, bytes], ...]


class _Ours(Struct, frozen=True):
    """Our block, by the lines of its markers and its id, and the document that it is in."""

    spot: Spot
    name: str
    kind: MergedFile


def without_block(at: Situation) -> Situation:
    """Return the situation as mode `merge` sees it: without our block, in the file and in our writes.

    A block stays where it says nothing again, and where others changed it.
    """
    last, now = at.written, at.actual
    if last is None or last.file is None or last.merged is not None or last.disputed:
        return at
    ours = _ours(at.item, last)
    if ours is None or not _as_we_left_it(ours, last.file, now):
        return at
    ended = our_blocks.had_no_end(last.ours)
    there = last.file, now
    base, actual = (one and replace(one, content=_without(one.content, ours, ended)) for one in there)
    return replace(at, actual=actual, written=replace(last, file=base, ours=_bare(last.ours, ours)))


def in_pairs(item: Managed, pairs: Pairs) -> Pairs:
    """Return our writes, (before, after) and oldest first, without our block where it said something again."""
    with suppress(markers.MarkerError):
        ours = _ours(item, Written(File(pairs[-1][1]), ours=pairs)) if pairs else None
        return pairs if ours is None else _bare(pairs, ours)
    return pairs


def _ours(item: Managed, written: Written) -> _Ours | None:
    spot = our_blocks.spot_of(item, written)
    name = our_blocks.ever_id(written, spot)
    kind = merged_file(item, written.ours)
    return None if name is None or kind.format is None else _Ours(spot, name, kind)


def _as_we_left_it(ours: _Ours, base: File, actual: File | None) -> bool:
    if actual is None or actual == base:
        return True
    was, now = (our_blocks.texts(one.content, ours.spot).get(ours.name) for one in (base, actual))
    return was == now


@lru_cache(maxsize=8)  # several questions about one file follow each other
def _bare(pairs: Pairs, ours: _Ours) -> Pairs:
    def bare(content: bytes, number: int) -> bytes:
        return _without(content, ours, our_blocks.had_no_end(pairs[:number]))

    return tuple((bare(before, number), bare(after, number + 1)) for number, (before, after) in enumerate(pairs))


def _without(content: bytes, ours: _Ours, had_no_end: bool) -> bytes:
    with suppress(markers.MarkerError):
        block = blocks.find(content, ours.spot).get(ours.name)
        if block is not None:
            left = blocks.without(content, [block], had_no_end=had_no_end)
            with_it, without_it = _twice(content, ours.kind), _twice(left, ours.kind)
            again = without_it is not None and (with_it is None or bool(with_it - without_it))
            return left if again else content
    return content


def _twice(content: bytes, kind: MergedFile) -> frozenset[KeyPath] | None:
    """Return the keys that stand more than once in a document; None if it is none."""
    try:
        return frozenset(place for place, _ in repeated_keys(kind.read(content).root))
    except Unmergeable:
        return None
