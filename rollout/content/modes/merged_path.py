"""A managed path as a merged file: by its rule, and by what our own writes say of the rule that was."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import PurePosixPath

from rollout.content import blocks, markers
from rollout.content.documents.earlier_format import with_earlier_format
from rollout.content.documents.earlier_match import Writes, with_earlier_match
from rollout.content.documents.formats import format_of
from rollout.content.documents.match import match_for
from rollout.content.documents.merge import MergedFile
from rollout.content.modes import our_blocks
from rollout.content.modes.table import traits
from rollout.model.files import File, Managed, Written
from rollout.model.inventory import FormatName


def merged_file(item: Managed, writes: Writes = (), now: bytes = b"") -> MergedFile:
    """Return a path's format and how entries of its lists are matched, now and in our writes there.

    A file that is merged no longer has the format of our writes, and of what is there `now`; a mode that does not use
    `format:` goes by it only where nothing else tells one.
    """
    by_rule = _by_rule(item.path, item.rule.format, item.rule.match, item.told)
    mode = traits(item.mode)
    used = "format" in mode.options
    if (used and mode.writes) or not writes:
        return with_earlier_match(by_rule, writes)
    told = by_rule if used else _by_rule(item.path, None, item.rule.match, item.told)
    kind = with_earlier_format(told, _without_blocks(item, writes), now)
    return with_earlier_match(by_rule if kind.format is None else kind, writes)


@lru_cache(maxsize=64)  # many questions about one file follow each other
def _by_rule(
    path: PurePosixPath, told_format: FormatName | None, match: tuple[tuple[str, tuple[str, ...]], ...], told: str
) -> MergedFile:
    return MergedFile(path, format_of(path, told_format), match_for(path, dict(match)), told)


def _without_blocks(item: Managed, writes: Writes) -> Writes:
    """Return our writes without the block that we wrote in another mode: with it, a document may be none."""
    written = Written(File(writes[-1][1]), ours=writes)
    with suppress(markers.MarkerError):
        spot = our_blocks.spot_of(item, written)
        name = our_blocks.ever_id(written, spot)
        if name is not None:
            return tuple((_without(before, name, spot), _without(after, name, spot)) for before, after in writes)
    return writes


def _without(content: bytes, name: str, spot: markers.Spot) -> bytes:
    with suppress(markers.MarkerError):
        block = blocks.find(content, spot).get(name)
        return content if block is None else blocks.without(content, [block])
    return content
