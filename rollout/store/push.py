"""Push our commit from a store, and record what upstream then has."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from rollout.errors import GitError
from rollout.forges.pushing import Pushing, Receipt
from rollout.git import git_folder
from rollout.git.run import Result
from rollout.model.plan import Change
from rollout.objects import build, pack_write
from rollout.objects.trees import entry_of
from rollout.remote import answers, contact, receive_pack
from rollout.remote.answers import PushAnswer
from rollout.remote.receive_pack import Update
from rollout.store import heard, noted, notes, own_commits, pending, refs
from rollout.store.memo import by_path
from rollout.store.store import Store

_HOW = (
    "push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--no-thin", "--recurse-submodules=no",
)  # fmt: skip


_NO_OPTIONS = "does not support push options"
_MADE = re.compile(r"^[ +*=]\t[^\t:]*:([^\t]+)\t", re.MULTILINE)  # git-push(1), OUTPUT


class NoOptions(Struct, frozen=True):
    """The receiver does not support push options, and nothing was pushed."""


class Lease(Struct, frozen=True):
    """A ref, and the commit it must be at for a push to move it; None if there must be none."""

    ref: str
    old: str | None

    def asked(self, like: str) -> str:
        """Return what receive-pack compares the ref with; no commit is zeros, as many as in `like`."""
        return self.old or "0" * len(like)


def push(store: Store, commit: str, base: str, lease: Lease | None = None) -> PushAnswer:
    """Push exactly that commit to exactly one ref, if it is still where the lease says; only `ask` knows the outcome.

    `base` is a commit that upstream has. Without a lease, the ref is upstream's branch, which must exist.
    """
    lease = lease or Lease(store.remote.ref, base)
    beside = store.remote.beside
    if beside is not None and git_folder.bare(beside) is not None:
        limit = store.remote.access.transfer_limit
        return receive_pack.push(store.git, beside, _update(store, commit, base, lease), limit)
    return push_far(store, commit, base, lease) or answers.of_git_push(_by_git(store, commit, lease))


def offer(store: Store, commit: str, pushing: Pushing, lease: Lease | None = None) -> PushAnswer | Receipt | NoOptions:
    """Push our commit to a ref with options from which the receiver makes a review.

    Raises GitError if git does not run.
    """
    options = [word for option in pushing.options for word in ("-o", option)]
    held = [] if lease is None else [f"--force-with-lease={lease.ref}:{lease.old or ''}"]
    access, url = store.remote.access, store.remote.url
    what = f"{commit}:{pushing.ref if lease is None else lease.ref}"
    arguments = (*_HOW, *options, *held, "--end-of-options", url, what)
    said = contact.run(store.git, url, access, *arguments, limit=access.transfer_limit, ok=())
    if said.code and _NO_OPTIONS in said.err:
        return NoOptions()
    if said.code:
        return answers.of_git_push(said)
    made = _MADE.search(said.out.decode("utf-8", "replace"))
    return Receipt(made[1] if made else pushing.ref, answers.remote_words(said.err))


def delete(store: Store, lease: Lease) -> PushAnswer:
    """Delete a ref of the remote, if it is still where the lease says."""
    return answers.of_git_push(_by_git(store, "", lease))


def _by_git(store: Store, commit: str, held: Lease) -> Result:
    lease, what = f"--force-with-lease={held.ref}:{held.old or ''}", f"{commit}:{held.ref}"
    access, url = store.remote.access, store.remote.url
    arguments = (*_HOW, lease, "--end-of-options", url, what)
    return contact.run(store.git, url, access, *arguments, limit=access.transfer_limit, ok=())


def push_far(store: Store, commit: str, base: str, lease: Lease | None = None) -> PushAnswer | None:
    """Push over an open connection; return None if there is none, or if git should push."""
    if not store.remote.literal:
        return None
    try:
        update = _update(store, commit, base, lease or Lease(store.remote.ref, base))
    except GitError:
        return None
    url, access = store.remote.url, store.remote.access
    with contact.session(url, access, "git-receive-pack", {}, access.transfer_limit) as session:
        return None if session is None else receive_pack.push_far(session, update)


def _update(store: Store, commit: str, base: str, lease: Lease) -> Update:
    return Update(lease.ref, lease.asked(commit), commit, store.built.get(commit) or pack(store, commit, base))


def pack(store: Store, commit: str, base: str) -> bytes:
    """Return our commit on `base` and its new objects, as a pack."""
    return pack_write.packed(build.brought(store.objects(commit), base, commit), len(commit))


def note(store: Store, commit: str, parent: str, changes: Iterable[Change]) -> None:
    """Record what we just pushed upstream, without asking again."""
    planned = list(changes)
    refs.put(store, store.upstream_ref, commit)
    heard.note_asked(store)
    own_commits.add(store, commit, parent, planned)
    found = {change.path: entry_of(change.before, commit) for change in planned}
    notes.leave(store, noted.without(by_path(store.memory.memo().noted), found), found)
    store.memory.remember(tip=commit, newest=commit, believed=commit)
    pending.drop(store)
