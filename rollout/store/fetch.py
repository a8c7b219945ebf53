"""Have upstream's commits and their trees in a store."""

from __future__ import annotations

from pathlib import Path

from rollout.errors import GitError
from rollout.objects import messages
from rollout.remote import contact, upstream
from rollout.remote.upload_pack import Sender, Wanted
from rollout.remote.upstream import NoBranch, Unreachable, sender_for
from rollout.store import heard, layout, refs, transfer
from rollout.store.store import Store

_DEEPER = 500  # commits of the past that are fetched where it is not known how far a checkout is behind


def ask(store: Store) -> str:
    """Return the commit upstream's branch is at now; that there is no such branch is remembered."""
    try:
        return upstream.ask(store.remote)
    except NoBranch:
        if not store.place.is_dir():
            layout.ready(store, layout.SHA1)
        store.memory.remember(absent=True)
        heard.note_asked(store)
        raise


def commit(store: Store, tip: str) -> str:
    """Have upstream's commit and its trees here; return the commit, which may be newer than `tip`.

    Raises Unreachable when the remote stops answering.
    """
    if heard.tip(store) == tip:
        return _known(store, tip)
    with sender_for(store.remote, store.remote.access.transfer_limit) as sender:
        if sender is not None and _sent(store, sender, tip):
            return _fetched(store)
    layout.ready(store, len(tip))
    # The parents of what waits may be here, and nothing else of upstream: git would take that for all of it.
    depth = () if refs.at(store, store.upstream_ref) else ("--depth=1", "--refetch")
    _fetch_branch(store, *depth)
    return _fetched(store)


def _known(store: Store, tip: str) -> str:
    if heard.absent(store):
        store.memory.remember(absent=False)
    heard.note_asked(store)
    return tip


def latest(store: Store) -> str:
    """Have upstream's newest commit and its trees here and return it.

    A host that is known to answer is not asked first where the branch is: one contact tells and brings that.
    """
    return _told(store) or _fetched_unasked(store) or commit(store, ask(store))


def _told(store: Store) -> str | None:
    """Have what a host says and sends over a connection that is open; None where git had better fetch it."""
    with sender_for(store.remote, store.remote.access.ask_limit) as sender:
        tip = None if sender is None else sender.tip(store.remote.ref)
        if sender is None or tip is None:
            return None
        sender.session.deadline += store.remote.access.transfer_limit
        if heard.tip(store) == tip:
            sender.end()
            return commit(store, tip)
        return _fetched(store) if _sent(store, sender, tip) else None


def _fetched_unasked(store: Store) -> str | None:
    """Fetch from a host that is known to answer; None where it is to be asked first, which tells what is wrong."""
    known = refs.at(store, store.upstream_ref)
    if known is None or not contact.answers(store.remote.url, store.remote.access):
        return None
    layout.ready(store, len(known))
    try:
        _fetch_branch(store, limit=store.remote.access.ask_limit)
    except Unreachable:
        return None
    return _fetched(store)


def _sent(store: Store, sender: Sender, tip: str) -> bool:
    """Have upstream's commit sent; False where git had better fetch it, and then nothing has changed."""
    layout.ready(store, len(tip))
    known = refs.at(store, store.upstream_ref)
    wanted = Wanted((tip,), (known,) if known else (), layout.shallow(store), not known)
    if not transfer.received(store, sender, wanted) or not transfer.holds(store, tip):
        return False
    refs.put(store, store.upstream_ref, tip)
    return True


def _fetch_branch(store: Store, *options: str, limit: float | None = None) -> None:
    transfer.by_git(store, *options, "--filter=blob:none", store.refspec, limit=limit)
    tip = refs.at(store, store.upstream_ref)
    if tip is not None and not transfer.holds(store, tip):  # of commits long past only the names of files were fetched
        transfer.by_git(store, "--refetch", "--filter=blob:none", store.refspec)


def _fetched(store: Store) -> str:
    now = refs.at(store, store.upstream_ref)
    if now is None:
        raise NoBranch(f"the remote has no branch {store.remote.branch!r} any more")
    store.memory.remember(tip=now, absent=False)
    heard.note_asked(store)
    return now


def deepen(store: Store) -> bool:
    """Fetch some more commits of the past, and nothing else of them; tell whether there are more now."""
    if not layout.is_shallow(store):
        return False
    try:
        transfer.by_git(store, f"--deepen={_DEEPER}", "--filter=tree:0", store.remote.ref)
    except Unreachable:
        return False
    return True


def whole_past(store: Store) -> None:
    """Have all commits of upstream's past here that upstream has; raise GitError if a note of its end is out of date.

    Git ends well although it could not remove its note of where history ends. The commit there would seem to have
    made every file that it has: who wrote them would be told wrongly, and remembered so.
    """
    if layout.is_shallow(store):
        transfer.by_git(store, "--unshallow", "--filter=tree:0", store.refspec)
        if any(_goes_on(store, commit) for commit in layout.shallow(store)):
            raise GitError(f"its history could not be fetched completely: {store.place / 'shallow'} is still there")
        store.memory.remember(tip=refs.at(store, store.upstream_ref))


def _goes_on(store: Store, commit: str) -> bool:
    """Tell whether a commit's parents are here, so that history does not end with it."""
    objects = store.objects(commit)
    found = objects.read(commit)
    parents = messages.parts(found[2])[0] if found is not None else []
    return bool(parents) and all(objects.has(parent) for parent in parents)


def seed(store: Store, top: Path, ref: str, known: str) -> None:
    """Learn upstream from what the person's repository last heard of it: no network."""
    layout.ready(store, len(known))
    transfer.from_repository(store, top, ref, store.upstream_ref)
    found = refs.at(store, store.upstream_ref)
    if found is not None:
        store.memory.remember(tip=found)
