"""What we wrote in commits that upstream's history has no more, or never had.

A history is written anew, or a review is squashed under words of the merger's own. Where upstream has the very bytes
that we wrote last, they are still ours; whatever others made of them is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import dropwhile, takewhile
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.objects.packs import Packs
from rollout.objects.trees import TreeEntry
from rollout.store import history
from rollout.store.history import History, Touch

There = Callable[[PurePosixPath], TreeEntry]  # what upstream has at a path


class Upstream(Struct, frozen=True):
    """Upstream's commit, what it has at a path, whether another commit is in its history, and the objects here."""

    tip: str
    there: There
    reaches: Callable[[str], bool]
    objects: Packs


def rewritten(found: History, known: History, upstream: Upstream) -> History:
    """Return the result of a search of a history that was written anew, with what we remember of the one before."""
    whole = {path: _resumed(found.get(path, []), known.get(path, []), upstream) for path in {**known, **found}}
    here = (path for path in known if upstream.there(path) is not None)  # no bytes show whose a deletion is
    return _with(whole, {path: _missing(whole[path], known[path]) for path in here}, upstream)


def _resumed(found: list[Touch], known: list[Touch], upstream: Upstream) -> list[Touch]:
    """Return what a search found, down to a commit of others in which we had found ours, and what we knew there."""
    rest = list(dropwhile(lambda touch: touch.at is None or not upstream.reaches(touch.at), known))
    runs = {touch.run for touch in rest}
    return [*(touch for touch in found if touch.run not in runs), *rest]


def _missing(found: list[Touch], known: list[Touch]) -> list[Touch]:
    """Return our writes that a search finds no more; none if it finds one that we do not know, which is newer."""
    runs, mine = {touch.run for touch in history.own(found)}, history.own(known)
    if not runs <= {touch.run for touch in mine}:
        return []
    return list(takewhile(lambda touch: touch.run not in runs, mine))


def arrived(offered: Mapping[PurePosixPath, Touch], there: There) -> Mapping[PurePosixPath, Touch]:
    """Return what upstream has of a commit that we offered: its deletions only if it has all the rest, too."""
    here = {path: one for path, one in offered.items() if one.after == there(path)}
    return here if here == offered else {path: one for path, one in here.items() if one.after is not None}


def squashed(
    found: History,
    offered: Mapping[PurePosixPath, Touch],
    follows: Callable[[Touch], bool],
    upstream: Upstream,
) -> History:
    """Return a history with what we offered last, where upstream got it in a commit of others.

    `follows` tells whether our offer was made on top of a write of ours: only then it is newer.
    """
    more = {path: [one] for path, one in offered.items() if _is_newer(one, found.get(path, []), follows)}
    return _with(found, more, upstream)


def _is_newer(one: Touch, found: list[Touch], follows: Callable[[Touch], bool]) -> bool:
    last = history.newest(found)
    known = one.run in {touch.run for touch in found}
    return not known and (last is None or last.after == one.before or follows(last))


def _with(found: History, more: Mapping[PurePosixPath, list[Touch]], upstream: Upstream) -> History:
    """Put writes before those that a search found, where upstream has what the newest of them wrote."""
    there = {path: upstream.there(path) for path, touches in more.items() if touches}
    ours = {
        path: [replace(more[path][0], at=upstream.tip), *more[path][1:]]
        for path, entry in there.items()
        if _stands(more[path], found.get(path, []), entry) and _are_here(more[path], entry, upstream.objects)
    }
    return history.joined(ours, found)


def _stands(touches: list[Touch], found: list[Touch], there: TreeEntry) -> bool:
    last = history.newest(found)
    return touches[0].after == there and there != (None if last is None else last.after)


def _are_here(touches: Iterable[Touch], there: TreeEntry, objects: Packs) -> bool:
    """Tell whether the contents are here: upstream may not have those that nobody fetched any more."""
    entries = {entry for touch in touches for entry in (touch.before, touch.after, touch.base) if entry}
    return all(objects.has(entry[1]) for entry in entries - {there})
