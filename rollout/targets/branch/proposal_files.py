"""What our own commit in an open proposal makes of files: what was decided with it, and what it puts back."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from pathlib import PurePosixPath

from rollout.errors import GitError
from rollout.model import tree_modes
from rollout.model.action import Action
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File, Obstacle, Snapshot
from rollout.model.plan import Change
from rollout.objects import messages
from rollout.objects.trees import entry_of, entry_there
from rollout.planning import keeping
from rollout.planning.in_review import InReview
from rollout.store import proposals
from rollout.store.proposals import Carried
from rollout.store.store import Store
from rollout.targets.branch.proposal import Proposing
from rollout.targets.job import Look

Waiting = Mapping[PurePosixPath, tuple[File | None, File | None]]


def reverted_and_waiting(
    found: Proposing, store: Store, look: Look, snapshot: Snapshot, changes: Iterable[Change]
) -> tuple[Mapping[PurePosixPath, str], Waiting]:
    """Return what is asked for at paths that our open proposal puts back, and what it makes of files."""
    reverted = _reverted(found, look.desired, look.decisions.of(look.target.name))
    waiting = _waiting(found, store, changes)
    return reverted, {**waiting, **_reverting(found, store, reverted, snapshot)} if reverted else waiting


def _reverted(found: Proposing, desired: Desired, decisions: Decisions) -> dict[PurePosixPath, str]:
    """Return what is asked for at paths that our open proposal puts back, while it is asked for as it was then."""
    carried = found.carried
    if carried is None or carried.own is None or (found.told is not None and found.told.is_over):
        return {}
    held = messages.held(carried.text)
    kept = [one for one in desired.managed if keeping.on_hold(one, held.get(str(one.path)), decisions)]
    return {one.path: one.asks for one in kept}


def _reverting(found: Proposing, store: Store, paths: Container[PurePosixPath], snapshot: Snapshot) -> Waiting:
    """Return what our open proposal makes of files that it puts back; raise GitError if that cannot be read."""
    carried = found.carried
    if carried is None:
        return {}
    sides = {path: (old, new) for path, old, new in carried.moved if path in paths}
    there = {path: file for path in sides if not isinstance(file := snapshot.files.get(path), Obstacle)}
    alike = {path: sides[path][1] for path, file in there.items() if entry_of(file, carried.commit) == sides[path][0]}
    return {path: (there[path], file) for path, file in proposals.contents(store, carried.commit, alike).items()}


def in_review(found: Proposing, store: Store) -> InReview | None:
    """Return what our own commit in an open review says; None if there is none, or upstream has all of it."""
    carried = found.carried
    if carried is None or carried.own is None or (found.told is not None and found.told.is_over):
        return None
    upstream = store.tree(found.tip)
    if all(entry_there(upstream.at(path)) == new for path, _, new in carried.moved):
        return None
    run = messages.run_and_target(carried.text)[0] or ""
    held, shares = messages.held(carried.text), messages.shares(carried.text)
    return InReview(sides(store, carried), run, carried.merged, held, shares)


def sides(store: Store, carried: Carried) -> dict[PurePosixPath, tuple[File | None, File | None]]:
    """Return the files of a proposal before and after; raise GitError if one is nowhere."""
    old = proposals.contents(store, carried.commit, {path: old for path, old, _ in carried.moved})
    new = proposals.contents(store, carried.commit, {path: new for path, _, new in carried.moved})
    return {path: (old[path], new[path]) for path in old}


def _waiting(found: Proposing, store: Store, changes: Iterable[Change]) -> Waiting:
    """Return what our open proposal makes of the files that are to change: that was decided when it was made."""
    carried = found.carried
    if carried is None or carried.own is None:
        return {}
    sides = {path: (before, after) for path, before, after in carried.moved}
    files: dict[PurePosixPath, tuple[File | None, File | None]] = {}
    for change in changes:
        if change.action is not Action.ERROR and change.path in sides:
            before, after = sides[change.path]
            made = _made(store, carried, change, after)
            if before == entry_of(change.before, carried.commit) and (made is None) == (after is None):
                files[change.path] = change.before, made
    return files


def _made(store: Store, carried: Carried, change: Change, entry: tuple[str, str] | None) -> File | None:
    """Return what our commit made of a file, where the template still says what it said then."""
    if entry_of(change.after, carried.commit) == entry:
        return change.after
    noted = carried.merged.get(str(change.path))
    said = () if change.after is None else (change.template, change.asks, change.after.sha256)
    return _file(store, entry) if noted is not None and noted in said else None


def _file(store: Store, entry: tuple[str, str] | None) -> File | None:
    if entry is None:
        return None
    try:
        found = store.objects(entry[1]).read(entry[1])
    except GitError:
        return None
    return None if found is None else File(found.content, entry[0] == tree_modes.EXECUTABLE)
