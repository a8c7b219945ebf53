"""Get objects from upstream into a store, over a connection that is open or by `git fetch`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from rollout.errors import GitError
from rollout.objects import pack_format, pack_write, packs, unpack
from rollout.objects.packs import Packs
from rollout.remote import contact
from rollout.remote.upload_pack import Sender, Sent, Wants
from rollout.remote.upstream import Unreachable, sender_for
from rollout.store import layout, refs
from rollout.store.store import Store

_QUIETLY = ("--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", "--quiet")

_BY_NAME = re.compile(r"unadvertised object|not our ref")  # objects that were left out cannot be requested by id


def by_git(store: Store, *arguments: str, stdin: bytes = b"", limit: float | None = None) -> None:
    """Let git fetch; raise Unreachable if upstream is the reason why it could not."""
    options = [*(a for a in arguments if a.startswith("--")), *(("--stdin",) if stdin else ())]
    wanted = [a for a in arguments if not a.startswith("--")]
    access = store.remote.access
    try:
        contact.run(
            store.git, store.remote.url, access, "fetch", *_QUIETLY, *options, layout.REMOTE, *wanted,
            stdin=stdin, limit=limit or access.transfer_limit,
        )  # fmt: skip
    except GitError as error:
        if _damaged(store):
            raise GitError(f"our store of it is damaged: {error}") from error
        raise Unreachable.by(error) from error


def _damaged(store: Store) -> bool:
    return packs.damaged(store.folder) or not all(holds(store, commit) for commit in refs.commits(store))


def holds(store: Store, commit: str) -> bool:
    """Tell whether a commit and its tree can be read: after a power cut a ref may name a missing object."""
    try:
        here = store.objects(commit)
        return here.read(commit) is not None and here.read(f"{commit}^{{tree}}") is not None
    except GitError:
        return False


def objects(store: Store, names: Iterable[str]) -> None:
    """Fetch objects by their ids."""
    wanted = Wants(tuple(names))
    if wanted.objects and not _by_sender(store, wanted):
        _named_to_git(store, wanted.objects)


def _by_sender(store: Store, wanted: Wants) -> bool:
    with sender_for(store.remote, store.remote.access.transfer_limit) as sender:
        return sender is not None and received(store, sender, wanted)


def _named_to_git(store: Store, names: Iterable[str]) -> None:
    try:
        by_git(store, "--filter=blob:none", stdin="".join(f"{name}\n" for name in names).encode())
    except Unreachable as error:
        if not _BY_NAME.search(str(error)):
            raise
        by_git(store, "--refetch", "--no-filter", store.refspec)


def received(store: Store, sender: Sender, wanted: Wants) -> bool:
    """Fetch what is wanted and everything it refers to, except the contents of files, if the server sends it."""
    sent = sender.sent(wanted)
    if sent is None:
        return False
    sender.end()
    shallow = tuple(sorted({*wanted.shallow, *sent.shallow}))
    if not _taken_in(store, sent, wanted, shallow):
        return False
    if shallow != wanted.shallow:
        layout.set_shallow(store, shallow)
    return True


def _taken_in(store: Store, sent: Sent, wanted: Wants, shallow: tuple[str, ...]) -> bool:
    """Write the received objects if they are complete."""
    id_size = len(wanted.objects[0])
    try:
        here = store.objects(wanted.objects[0])
        found = unpack.objects(sent.pack, id_size, here.content)
        if not _is_whole(found, here, {*wanted.objects, *unpack.spoken_of(found, shallow)}):
            return False
        pack_write.write(store.folder, found.values(), id_size, promisor=True)
    except (GitError, OSError, *pack_format.DAMAGED):
        return False
    return True


def _is_whole(found: Mapping[str, object], here: Packs, ends: Iterable[str]) -> bool:
    return all(name in found or here.has(name) for name in ends)


def from_repository(store: Store, top: Path, ref: str, to: str) -> None:
    """Fetch a ref of a person's repository on this machine: no network."""
    store.git.attempt("fetch", *_QUIETLY, "--refmap=", "--update-shallow", "--end-of-options", str(top), f"+{ref}:{to}")
