"""What rollout wrote to a branch before: its own commits, found by a search and remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import PurePosixPath

from rollout.errors import GitError
from rollout.model import own_writes
from rollout.model.files import File
from rollout.model.own_writes import LaterWrites
from rollout.model.plan import Change
from rollout.objects import messages
from rollout.objects.trees import entry_of, entry_there
from rollout.remote import contact
from rollout.store import blobs, fetch, gone, history, lineage, noted, notes, pending, search
from rollout.store.history import History, Touch
from rollout.store.memo import by_name, by_path
from rollout.store.store import Store


def past_of(store: Store, tip: str, *, network: bool, needed: bool = True) -> History:
    """Return what rollout's own commits did to each path, newest first, as far as it is known or can be.

    The whole history is searched where that is needed, and where upstream's is not the one that was searched before.
    """
    memo = store.memory.memo()
    if memo.searched == tip:
        return by_path(memo.history)
    if memo.searched and lineage.only_others_since(store, memo.searched, tip):
        found = _with_offered(store, tip, by_path(memo.history))
        store.memory.remember(searched=tip, history=by_name(found))
        return found
    if memo.searched and lineage.reaches(store, memo.searched, tip):
        return _searched_on(store, memo.searched, tip)
    return _searched(store, tip) if network and (needed or memo.searched) else by_path(memo.history)


def _searched_on(store: Store, since: str, tip: str) -> History:
    """Search the commits since the last search."""
    memo = store.memory.memo()
    new = search.touches(store, f"{since}..{tip}")
    recalled = history.recalled(history.by_path(new), _waiting(store))
    found = history.joined(noted.with_bases(recalled, by_path(memo.noted)), by_path(memo.history))
    return _remembered(store, tip, found, history.newest_of(new) or memo.newest)


def _searched(store: Store, tip: str) -> History:
    """Search the whole history."""
    before = by_path(store.memory.memo().history)
    fetch.whole_past(store)
    new = search.touches(store, tip)
    recalled = history.recalled(history.by_path(new), history.joined(before, _waiting(store)))
    found = noted.with_bases(recalled, by_path(store.memory.memo().noted))
    found = gone.rewritten(found, before, _upstream(store, tip))
    notes.recall(store, tip)
    return _remembered(store, tip, found, history.newest_of(new))


def _remembered(store: Store, tip: str, found: History, newest: str | None) -> History:
    found = _with_offered(store, tip, found)
    store.memory.remember(searched=tip, history=by_name(found), newest=newest, sealed=True)
    notes.forget(store, tip)
    return found


def _with_offered(store: Store, tip: str, found: History) -> History:
    """Return a history with what we proposed last, or what waits, where upstream got it in a commit of others."""
    offers = [one for one in (_proposed(store), _to_push(store)) if one[1]]
    if not offers:
        return found
    upstream = _upstream(store, tip)
    for commit, offered in offers:
        arrived = gone.arrived(offered, upstream.there)
        found = gone.squashed(found, arrived, partial(_follows, store, commit), upstream)
    return found


def _proposed(store: Store) -> tuple[str, Mapping[PurePosixPath, Touch]]:
    """Return our commit that is proposed, and what it does."""
    known = store.memory.memo().proposed
    if known is None or known.standing.done or known.standing.head is None:
        return "", {}

    from rollout.store import proposals  # where changes are pushed, nothing of reviews is loaded

    return known.standing.head, proposals.offered(store, known.standing.head)


def _to_push(store: Store) -> tuple[str, Mapping[PurePosixPath, Touch]]:
    """Return our commit that waits for a push, and what it does."""
    waiting = pending.read(store)
    if waiting is None:
        return "", {}
    commit, message = waiting.commit, waiting.message
    touches = (
        (path, history.touch(commit, store.target, path, sides, message)) for path, sides in waiting.files.items()
    )
    return commit, dict(touches)


def _follows(store: Store, offered: str, write: Touch) -> bool:
    return lineage.reaches(store, write.commit, offered)


def _upstream(store: Store, tip: str) -> gone.Upstream:
    tree = store.tree(tip)
    reaches = cache(lambda commit: lineage.reaches(store, commit, tip))
    return gone.Upstream(tip, lambda path: entry_there(tree.at(path)), reaches, store.objects(tip))


def _waiting(store: Store) -> History:
    """Return the changes of our waiting commit: upstream may have received it in an amended form."""
    return {path: [touch] for path, touch in _to_push(store)[1].items()}


def has_waiting(store: Store) -> bool:
    """Tell whether upstream has what our waiting commit wrote: a person pushed it, perhaps under other words."""
    waiting = pending.read(store)
    run = None if waiting is None else messages.run_and_target(waiting.message)
    past = store.memory.memo().history.values()
    return any((touch.run, touch.target) == run for touches in past for touch in history.own(touches))


def add(store: Store, commit: str, parent: str, changes: Iterable[Change]) -> None:
    """Remember what our commit on `parent` did, if everything before it is known."""
    memo = store.memory.memo()
    if memo.searched == parent:
        text = _text(store, commit)
        new = history.by_path(history.keeps_of(commit, text))
        for change in changes:
            made = history.touch(commit, store.target, change.path, (change.before, change.after), text)
            new.setdefault(change.path, []).append(made)
        found = history.joined(noted.with_bases(new, by_path(memo.noted)), by_path(memo.history))
        store.memory.remember(searched=commit, history=by_name(found))


def _text(store: Store, commit: str) -> str:
    found = store.objects(commit).read(commit)
    return "" if found is None else messages.parts(found.content)[1]


def made(store: Store, commit: str) -> dict[PurePosixPath, tuple[File | None, File | None]]:
    """Return the files before and after one of our commits, fetching what is not here any more."""
    listed = store.git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", f"{commit}^", commit)
    entries = list(history.raw_entries(listed.out.decode("utf-8", "surrogateescape").strip("\0")))
    needed = {entry[1] for _, before, after in entries for entry in (before, after) if entry}
    contents = blobs.read(store, store.objects(commit), needed, network=True)
    return {
        path: (history.entry_file(before, contents), history.entry_file(after, contents))
        for path, before, after in entries
    }


def before(store: Store, path: PurePosixPath, now: File | None) -> File | None:
    """Return what was at a path before the newest commit of ours upstream that made it what it is; raise GitError."""
    tip = store.memory.memo().tip
    past = {} if tip is None else past_of(store, tip, network=True)
    for touch in history.own(past.get(path, [])):
        contents = blobs.read(store, store.objects(touch.commit), _blobs(touch), network=True)
        if history.entry_file(touch.after, contents) == now:
            return history.entry_file(touch.before, contents)
    raise GitError(f"no commit of rollout upstream has {path} as it is there")


def of_run(store: Store, tip: str, run: str) -> str | None:
    """Return the commit upstream that a run made for this target, fetching what is not here of the history."""
    past = past_of(store, tip, network=True).values()
    touches = (touch for done in past for touch in history.own(done))
    return next((one.commit for one in touches if (one.run, one.target) == (run, store.target)), None)


def later_writes(store: Store, run: str, commit: str, files: Mapping[PurePosixPath, File | None]) -> LaterWrites:
    """Return what our commits after that of a run, which may have pushed the commit of another, made of files."""
    past = by_path(store.memory.memo().history)
    writes = {path: history.own(past.get(path, ()))[::-1] for path in files}
    run = next((touch.run for done in writes.values() for touch in done if touch.commit == commit), run)
    there = {path: entry_of(files[path], done[-1].commit) for path, done in writes.items() if done}
    return own_writes.later_writes(run, writes, there)


def _blobs(touch: Touch) -> set[str]:
    return {side[1] for side in (touch.before, touch.after) if side is not None}


def changed_since(store: Store, commit: str, tip: str, path: PurePosixPath) -> list[str]:
    """Return who changed a path after one of our commits: short id, author and subject, newest first."""
    listed = contact.run(
        store.git.with_options(GIT_NO_LAZY_FETCH="0"), store.remote.url, store.remote.access,
        "log", "--no-renames", "--no-color", "--format=%h %an: %s", f"{commit}..{tip}", "--", str(path), ok=(),
    )  # fmt: skip
    return listed.lines if listed.code == 0 else []
