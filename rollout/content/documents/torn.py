"""Find the entries of ours that leave the template while others have a key in them: a person decides about those."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.content.documents.key_path import is_entry
from rollout.content.documents.merged_file import MergedFile
from rollout.content.documents.ours.past import Ours
from rollout.content.documents.uniting.unite import unite
from rollout.content.documents.uniting.united import Torn


def torn(content: bytes, template: bytes, ours: Ours, kind: MergedFile) -> tuple[Torn, ...]:
    if not any(is_entry(place) for place in ours.added):
        return ()
    return unite(kind.read(content), kind.template(template), ours, kind.match).torn


def words(found: Sequence[Torn]) -> str:
    """Say which entry waits for a decision, and how many more do; nothing where none does."""
    more = f" (and {len(found) - 1:,} more)" if found[1:] else ""
    return f"; {found[0].words}{more}" if found else ""


__all__ = ["Torn", "torn", "words"]
