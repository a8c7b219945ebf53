"""A managed path as a merged file: by its rule, and by what our own writes say of the rule that was."""

from __future__ import annotations

from rollout.content.documents.earlier_match import Writes, with_earlier_match
from rollout.content.documents.formats import format_of
from rollout.content.documents.match import match_for
from rollout.content.documents.merge import MergedFile
from rollout.model.files import Managed


def merged_file(item: Managed, writes: Writes = ()) -> MergedFile:
    """Return a path's format and how entries of its lists are matched, now and in our writes there."""
    name = format_of(item.path, item.rule.format)
    kind = MergedFile(item.path, name, match_for(item.path, dict(item.rule.match)), item.told)
    return with_earlier_match(kind, writes)
