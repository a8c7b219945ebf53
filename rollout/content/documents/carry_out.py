"""The operations of a merge carried out in the text, and held against what the document has to say afterwards."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from rollout.content.documents.aliases import anchored
from rollout.content.documents.comment_behind import followed_brackets
from rollout.content.documents.document import (
    Document,
    Edit,
    Object,
    Restore,
    Span,
    Unmergeable,
    applied,
    meaning,
)
from rollout.content.documents.foreign_comments import foreign_comments, spares
from rollout.content.documents.key_path import shown
from rollout.content.documents.left_comments import found_again
from rollout.content.documents.lines import apart, ended, without_dangling
from rollout.content.documents.merged_file import MergedFile
from rollout.content.documents.ours.blank_lines import left_blanks
from rollout.content.documents.ours.past import Ours
from rollout.content.documents.places import at, differing
from rollout.content.documents.uniting.united import United


def carried_out(document: Document, named: Document, united: United[Object], ours: Ours, kind: MergedFile) -> str:
    """Return the text with the operations applied, after checking that it says what it should and nothing was lost.

    Raises Unmergeable if it would not, with the line.
    """
    if not united.operations:
        return document.text
    form = kind.form
    foreign = foreign_comments(document, ours, kind.match)
    operations = found_again(document, united.operations, foreign)
    coming_back = {span for one in operations if isinstance(one, Restore) for span in one.left}
    noted = followed_brackets(document, united.filled, foreign, named)
    edits = [*form.edits(document, named, operations, foreign), *noted]
    blanks = left_blanks(document, united.node, ours.blanks, foreign, edits, kind.match)
    spared = [span for span in foreign if span not in coming_back]
    if blanks:
        with suppress(Unmergeable):  # they are part of a text, or cannot go as they stand
            return _checked(document, [*edits, *blanks], united, spared, ours, kind)
    try:
        return _checked(document, edits, united, spared, ours, kind)
    except _Garbled as error:
        raise anchored(named, operations) or error from error.__cause__


class _Garbled(Unmergeable):
    """The edited text would not say what it should."""


def _checked(
    document: Document, edits: list[Edit], united: United[Object], spared: list[Span], ours: Ours, kind: MergedFile
) -> str:
    """Return the edited text, if it says what it should and nothing that is spared was lost."""
    edits = apart(document.text, edits)
    try:
        result, said = _edited(document, edits, united, ours, kind)
    except Unmergeable as error:
        raise _unchangeable(document, united, kind, f"in place ({error})") from error
    for edit in edits:
        spares(document, (edit.start, edit.end), spared)
    if not _says(said, united) or _twice(said) - _twice(document):
        raise _unchangeable(document, united, kind, "without changing what others wrote", said)
    return result


def _edited(
    document: Document, edits: list[Edit], united: United[Object], ours: Ours, kind: MergedFile
) -> tuple[str, Document]:
    """Return the edited text and what it says; it ends without a line end as before, unless that is part of a text."""
    text = document.text
    shorter = without_dangling(text, edits, had_none=ours.ended)
    result = applied(text, ended(text, shorter))
    said = kind.form.read(result)
    if shorter == edits or _says(said, united):
        return result, said
    whole = applied(text, ended(text, edits))
    return whole, kind.form.read(whole)


def _says(said: Document, united: United[Object]) -> bool:
    return meaning(said.root, followed=False) == meaning(united.node, followed=False)


def _unchangeable(
    document: Document, united: United[Object], kind: MergedFile, how: str, said: Document | None = None
) -> _Garbled:
    """Return the fault of the first place that is not what it should be, or of the first that would change."""
    place = differing(said.root, united.node, kind.match) if said is not None else ()
    place = place or differing(document.root, united.node, kind.match)
    near = next(node for depth in range(len(place), -1, -1) if (node := at(document.root, place[:depth], kind.match)))
    line = document.text.count("\n", 0, near.start) + 1
    return _Garbled(f"{shown(place)}: cannot be changed {how}; change it by hand", line=line)


def _twice(document: Document) -> Counter[str]:
    """Return the anchors of a document that hide earlier ones of their name."""
    return Counter(document.anchors) - Counter(set(document.anchors))
