"""Fetch upstream's commits and their trees into a store."""

from __future__ import annotations

from pathlib import Path

from rollout.errors import GitError
from rollout.objects import messages
from rollout.remote import contact, upstream
from rollout.remote.upload_pack import Sender, Wants
from rollout.remote.upstream import NoBranch, Unreachable, sender_for
from rollout.store import heard, layout, refs, transfer
from rollout.store.store import Store

_DEEPER = 500  # past commits to fetch if it is not known how far a checkout is behind


def ask(store: Store) -> str:
    """Return the present commit of upstream's branch; remember if there is no such branch."""
    try:
        return upstream.ask(store.remote)
    except NoBranch as error:
        if not store.place.is_dir():
            layout.ready(store, layout.SHA1)
        store.memory.remember(absent=True, instead=error.instead)
        heard.note_asked(store)
        raise


def commit(store: Store, tip: str) -> str:
    """Fetch upstream's commit and its trees; return the commit, which may be newer than `tip`.

    Raises Unreachable when the remote stops answering.
    """
    if heard.tip(store) == tip:
        return _noted(store, tip)
    with sender_for(store.remote, store.remote.access.transfer_limit) as sender:
        if sender is not None and _sent(store, sender, tip):
            return _fetched(store)
    layout.ready(store, len(tip))
    # The parents of a waiting commit may be here without the rest of upstream, which git would take for everything.
    depth = () if refs.at(store, store.upstream_ref) else ("--depth=1", "--refetch")
    _fetch_branch(store, *depth)
    return _fetched(store)


def _noted(store: Store, tip: str) -> str:
    if heard.absent(store):
        store.memory.remember(absent=False)
    heard.note_asked(store)
    return tip


def latest(store: Store) -> str:
    """Fetch upstream's newest commit and its trees, and return it.

    A host that is known to answer is not first asked where the branch is: one contact tells and sends that.
    """
    return _told(store) or _fetched_unasked(store) or commit(store, ask(store))


def _told(store: Store) -> str | None:
    """Fetch over an open connection; None if git should do it instead."""
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
    """Fetch from a host that is known to answer; None if it must be asked first, which tells what is wrong.

    Raises Unreachable if it says nothing now.
    """
    known = refs.at(store, store.upstream_ref)
    if known is None or not contact.answers(store.remote.url, store.remote.access):
        return None
    layout.ready(store, len(known))
    try:
        _fetch_branch(store, limit=store.remote.access.ask_limit)
    except Unreachable as error:
        if error.silent:
            raise
        return None
    return _fetched(store)


def _sent(store: Store, sender: Sender, tip: str) -> bool:
    """Request upstream's commit; False if git should fetch it, and then nothing has changed."""
    layout.ready(store, len(tip))
    known = refs.at(store, store.upstream_ref)
    wanted = Wants((tip,), (known,) if known else (), layout.shallow(store), not known)
    if not transfer.received(store, sender, wanted) or not transfer.holds(store, tip):
        return False
    refs.put(store, store.upstream_ref, tip)
    return True


def _fetch_branch(store: Store, *options: str, limit: float | None = None) -> None:
    transfer.by_git(store, *options, "--filter=blob:none", store.refspec, limit=limit)
    tip = refs.at(store, store.upstream_ref)
    if tip is not None and not transfer.holds(store, tip):  # of old commits, only the names of files were fetched
        transfer.by_git(store, "--refetch", "--filter=blob:none", store.refspec)


def _fetched(store: Store) -> str:
    now = refs.at(store, store.upstream_ref)
    if now is None:
        raise NoBranch(f"the remote has no branch {store.remote.branch!r} any more")
    store.memory.remember(tip=now, absent=False)
    heard.note_asked(store)
    return now


def deepen(store: Store) -> bool:
    """Fetch some more past commits, without their contents; tell whether there are more now."""
    if not layout.is_shallow(store):
        return False
    try:
        transfer.by_git(store, f"--deepen={_DEEPER}", "--filter=tree:0", store.remote.ref)
    except Unreachable:
        return False
    return True


def whole_past(store: Store) -> None:
    """Fetch all of upstream's past commits; raise GitError if the record of where history ends is out of date.

    Git ends successfully even if it could not remove that record. The last commit would then seem to have made every
    file in it: we would report wrong authors, and remember them.
    """
    ends = layout.shallow(store)
    if ends and all(_begins(store, commit) for commit in ends):  # a depth of one is recorded for the only commit, too
        layout.forget_shallow(store)
    elif layout.is_shallow(store):
        transfer.by_git(store, "--unshallow", "--filter=tree:0", store.refspec)
        if any(_goes_on(store, commit) for commit in layout.shallow(store)):
            raise GitError(f"its history could not be fetched completely: {store.place / 'shallow'} is still there")
        store.memory.remember(tip=refs.at(store, store.upstream_ref))


def _begins(store: Store, commit: str) -> bool:
    """Tell whether a commit has no parents, so that history begins with it."""
    found = store.objects(commit).read(commit)
    return found is not None and not messages.parts(found.content)[0]


def _goes_on(store: Store, commit: str) -> bool:
    """Tell whether a commit's parents are here, so that history does not end with it."""
    objects = store.objects(commit)
    found = objects.read(commit)
    parents = messages.parts(found.content)[0] if found is not None else []
    return bool(parents) and all(objects.has(parent) for parent in parents)


def seed(store: Store, top: Path, ref: str, known: str) -> None:
    """Learn upstream from the person's repository, without the network."""
    layout.ready(store, len(known))
    transfer.from_repository(store, top, ref, store.upstream_ref)
    found = refs.at(store, store.upstream_ref)
    if found is not None:
        heard.forget_asked(store)
        store.memory.remember(tip=found)
