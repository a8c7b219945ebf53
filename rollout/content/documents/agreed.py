"""What others had written into a document just as a template asked: it is recorded, and ours to follow from then on."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.content.documents.key_path import ENTRY, KeyPath, as_texts, of_texts, with_above
from rollout.content.documents.merged_file import MergedFile
from rollout.content.documents.ours.past import Ours
from rollout.content.documents.places import values
from rollout.model.files import Agreed

_Said = set[tuple[KeyPath, str]]


def agreed(content: bytes, template: bytes, before: Agreed, kind: MergedFile) -> Agreed:
    """Return what a document says just as a template asks, and what it still says of what it said so `before`.

    A single value that it said so, and that others changed, stays known while the template names its place.
    """
    asked, known = set(values(kind.template(template).root, kind.match)), _of_record(before)
    found = _said(content, asked | known, kind)
    changed = {place for place, _ in asked if place[-1] != ENTRY} - {place for place, _ in found}
    return _as_record(found | {(place, value) for place, value in known if place in changed})


def still_said(content: bytes, agreed: Agreed, kind: MergedFile) -> Agreed:
    """Return what a document still says of what it said just as a template asked."""
    return _as_record(_said(content, _of_record(agreed), kind))


def with_agreed(ours: Ours, agreed: Agreed) -> Ours:
    """Return what is ours, with what others had written just as a template asked."""
    said = [(of_texts(place), value) for place, value in agreed]
    entries = dict(ours.entries)
    for place, value in said:
        if place[-1] == ENTRY:
            entries[place[:-1]] = (*entries.get(place[:-1], ()), value)
    added = with_above(place for place, _ in said)
    return replace(ours, added=ours.added | added, values=ours.values | dict(said), entries=entries)


def _said(content: bytes, sought: _Said, kind: MergedFile) -> _Said:
    """Return what a document says of what is sought in it."""
    only = with_above(place for place, _ in sought)
    return sought & set(values(kind.read(content).root, kind.match, only=only))


def _of_record(recorded: Agreed) -> _Said:
    return {(of_texts(place), value) for place, value in recorded}


def _as_record(said: _Said) -> Agreed:
    return tuple(sorted((as_texts(place), value) for place, value in said))
