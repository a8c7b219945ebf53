"""Lists of ours alone: they say their entries as often and in the order that the template says."""

from __future__ import annotations

from collections import Counter

from rollout.content.documents.document import Array, Document, meaning
from rollout.content.documents.key_path import KeyPath
from rollout.content.documents.match import Match
from rollout.content.documents.ours.past import Ours


def counted_anew(document: Document, lists: tuple[Array, Array], ours: Ours, place: KeyPath, match: Match) -> bool:
    """Tell whether a list, united with the named one, would say an entry more or less often, or in another order.

    Only a list in which all is ours is held against that: in others it is not known whose an entry is. The order counts
    as long as nobody changed it.
    """
    have, named = lists
    if match.keys(place) or not ours.owns(have, place, match):
        return False
    inside = [document.text[start:end] for start, end in document.comments if have.start <= start < have.end]
    wanted = [meaning(part.value) for part in named.parts]
    kept = [said for part in have.parts if (said := meaning(part.value)) in wanted]
    united = [*kept, *dict.fromkeys(said for said in wanted if said not in kept)]
    differs = united != wanted if ours.wrote(have, place, match) else Counter(united) != Counter(wanted)
    return differs and all(comment in ours.comments for comment in inside)
