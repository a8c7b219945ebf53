"""Lists in which an entry stands several times, as the options of a command do."""

from __future__ import annotations

from collections import Counter

from rollout.content.documents.document import Array, Document, meaning
from rollout.content.documents.match import Match, Place
from rollout.content.documents.past import Ours


def counted_anew(document: Document, lists: tuple[Array, Array], ours: Ours, place: Place, match: Match) -> bool:
    """Tell whether a list, united with the named one, would say an entry more or less often than it is named.

    Only a list in which all is ours is counted: in others it is not known whose an entry is.
    """
    have, named = lists
    if match.keys(place) or not ours.owns(have, place, match):
        return False
    inside = [document.text[start:end] for start, end in document.comments if have.start <= start < have.end]
    wanted = [meaning(part.value) for part in named.parts]
    kept = [said for part in have.parts if (said := meaning(part.value)) in wanted]
    united = [*kept, *(set(wanted) - set(kept))]
    return Counter(united) != Counter(wanted) and all(comment in ours.comments for comment in inside)
