"""Mode `block`: the text between two markers is ours, the rest of the file is not."""

from __future__ import annotations

from rollout.content import blocks, markers, sections
from rollout.model.files import File, Managed, Written


def spot_of(item: Managed) -> markers.Spot:
    return markers.Spot(item.path, item.block_id, item.rule.markers, item.rule.replaces)


def earlier_id(item: Managed, actual: File | None, written: Written | None) -> str | None:
    """Return the id that our block still has in the file, where its set or its id was renamed since."""
    if actual is None:
        return None
    last = written.file.content if written is not None and written.own and written.file is not None else None
    return blocks.earlier_id(actual.content, last, item.body, spot_of(item))


def block_cause(item: Managed, actual: File, written: Written | None) -> str | None:
    """Say why a block that stands in a file is written, or None where there is none."""
    earlier = earlier_id(item, actual, written)
    if earlier is not None:
        return f"the block {earlier!r} is {item.block_id!r} now"
    text = blocks.text_of(actual.content, spot_of(item), (item.block_id,))
    if text is None:
        return None
    if text == blocks.said(item.body):
        return "its markers are written otherwise now"
    return "the block differs" if written is None else "the template changed"


def no_block_yet(item: Managed, actual: File) -> str:
    if item.rule.replaces is not None and sections.replaced(actual.content, spot_of(item)) is not None:
        return f"the file has no block {item.block_id!r} yet; it takes the place of the section {item.rule.replaces!r}"
    return f"the file has no block {item.block_id!r} yet"


def names_in(item: Managed, actual: File | None, written: Written | None) -> tuple[str, ...]:
    """Return the ids that our block may have, that of today first."""
    earlier = earlier_id(item, actual, written)
    return (item.block_id,) if earlier is None else (item.block_id, earlier)
