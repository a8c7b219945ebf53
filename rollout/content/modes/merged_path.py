"""A managed path as a merged file: by its rule, and by what our own writes say of the rule that was."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath

from rollout.content.documents.earlier_match import Writes, with_earlier_match
from rollout.content.documents.formats import format_of
from rollout.content.documents.match import match_for
from rollout.content.documents.merge import MergedFile
from rollout.model.files import Managed
from rollout.model.inventory import FormatName


def merged_file(item: Managed, writes: Writes = ()) -> MergedFile:
    """Return a path's format and how entries of its lists are matched, now and in our writes there."""
    return with_earlier_match(_by_rule(item.path, item.rule.format, item.rule.match, item.told), writes)


@lru_cache(maxsize=64)  # many questions about one file follow each other
def _by_rule(
    path: PurePosixPath, told_format: FormatName | None, match: tuple[tuple[str, tuple[str, ...]], ...], told: str
) -> MergedFile:
    return MergedFile(path, format_of(path, told_format), match_for(path, dict(match)), told)
