"""The modes by name, each with the same few functions."""

from __future__ import annotations

from rollout.content import blocks, three_way
from rollout.content.documents import merge
from rollout.content.line_ends import to_repository
from rollout.content.modes.block import earlier_id, names_in, spot_of
from rollout.content.modes.merge import kind_of, ours_in
from rollout.model.files import File, Managed, Written
from rollout.model.inventory import Mode


class Blocked(Exception):
    """A managed path that cannot be written as it should be; the text says why."""


def wanted_content(item: Managed, actual: File | None, written: Written | None, how: str) -> File | None:
    """Return what should be at the path, given what is."""
    match item.mode:
        case Mode.ABSENT:
            return None
        case Mode.ONCE:
            if actual is not None or written is not None:
                return actual
            return File(to_repository(item.body, how), item.executable)
        case Mode.WHOLE:
            return File(to_repository(item.body, how), item.executable)
        case Mode.BLOCK:
            content = blocks.splice(
                actual.content if actual else None, item.body, spot_of(item), earlier_id(item, actual, written)
            )
            executable = actual.executable if actual else item.executable
            return File(content if actual else to_repository(content, how), executable)
        case Mode.MERGE:
            content = merge.merged(actual.content if actual else None, item.body, ours_in(written, item), kind_of(item))
            executable = actual.executable if actual else item.executable
            return File(content if actual else to_repository(content, how), executable)


def merged_content(item: Managed, base: File, actual: File, wanted: File, written: Written, how: str) -> bytes:
    if item.mode is Mode.BLOCK:
        earlier = earlier_id(item, actual, written)
        names = names_in(item, actual, written)
        inside = [blocks.text_of(f.content, spot_of(item), names) for f in (base, actual, wanted)]
        was, theirs, ours = inside
        if was is None or theirs is None or ours is None:
            raise three_way.MergeConflict(1)
        return blocks.splice(actual.content, three_way.merge(was, theirs, ours), spot_of(item), earlier)
    if item.mode is Mode.MERGE:
        ours_on_base = merge.merged(base.content, item.body, ours_in(written, item), kind_of(item))
        return three_way.merge(base.content, actual.content, ours_on_base)
    return three_way.merge(base.content, actual.content, wanted.content)
