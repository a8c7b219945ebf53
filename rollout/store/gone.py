"""What we wrote in commits that upstream's history has no more, or never had.

A history is written anew, or a review is squashed under words of the merger's own. Where upstream has the very bytes
that we wrote last, they are still ours; whatever others made of them is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile
from pathlib import PurePosixPath

from rollout.objects.packs import Packs
from rollout.objects.trees import TreeEntry
from rollout.store import history
from rollout.store.history import History, Touch

There = Callable[[PurePosixPath], TreeEntry]  # what upstream has at a path


def rewritten(found: History, known: History, there: There, objects: Packs) -> History:
    """Return the result of a search of a history that was written anew, with what we remember of the one before."""
    here = (path for path in known if there(path) is not None)  # no bytes show whose a deletion is
    more = {path: _missing(found.get(path, []), known[path]) for path in here}
    return _with(found, more, there, objects)


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
    there: There,
    objects: Packs,
) -> History:
    """Return a history with what we offered last, where upstream got it in a commit of others.

    `follows` tells whether our offer was made on top of a write of ours: only then it is newer.
    """
    more = {path: [one] for path, one in offered.items() if _is_newer(one, found.get(path, []), follows)}
    return _with(found, more, there, objects)


def _is_newer(one: Touch, found: list[Touch], follows: Callable[[Touch], bool]) -> bool:
    last = history.newest(found)
    known = one.run in {touch.run for touch in found}
    return not known and (last is None or last.after == one.before or follows(last))


def _with(found: History, more: Mapping[PurePosixPath, list[Touch]], there: There, objects: Packs) -> History:
    """Put writes before those that a search found, where upstream has what the newest of them wrote."""
    ours = {
        path: touches
        for path, touches in more.items()
        if touches and _stands(touches, found.get(path, []), there(path))
    }
    here = {path: touches for path, touches in ours.items() if _are_here(touches, there(path), objects)}
    return history.joined(here, found)


def _stands(touches: list[Touch], found: list[Touch], there: TreeEntry) -> bool:
    last = history.newest(found)
    return touches[0].after == there and there != (None if last is None else last.after)


def _are_here(touches: Iterable[Touch], there: TreeEntry, objects: Packs) -> bool:
    """Tell whether the contents are here: upstream may not have those that nobody fetched any more."""
    entries = {entry for touch in touches for entry in (touch.before, touch.after, touch.base) if entry}
    return all(objects.has(entry[1]) for entry in entries - {there})
