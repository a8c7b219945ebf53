"""The branches that hold proposals: where they are upstream, and whose commit is on them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.errors import GitError
from rollout.git import git_folder
from rollout.git.run import Git
from rollout.model.files import File
from rollout.objects import messages, seal
from rollout.objects.ids import ID
from rollout.objects.stored import ObjectKind
from rollout.objects.trees import Objects, PathChange, Tree, TreeEntry, difference
from rollout.remote import contact
from rollout.remote.upstream import Unreachable
from rollout.store import blobs, history, layout, store, transfer
from rollout.store.history import Touch
from rollout.store.store import Store

_LOOK = "refs/rollout/look"
_SEARCHED = 60  # the newest pull requests to search when nothing is remembered
_NUMBERED = re.compile(r"/(\d+)/head\Z")
_DEPTH = 12  # commits of the branch to look at: ours, below merges of upstream
_AUTHOR = re.compile(rb"^author (.*) <.*> \d+ [+-]\d{4}$", re.MULTILINE)


class Carried(Struct, frozen=True):
    """The commit at the head of a proposal's branch; `own` is our commit: the head, or below upstream's merges."""

    commit: str
    own: str | None
    parent: str | None  # the upstream commit that it is based on
    moved: tuple[PathChange, ...] = ()
    text: str = ""  # the message of our commit
    who: str = ""  # the author of another commit
    made: int = 0  # the date of our commit, in seconds since the epoch

    @property
    def inventory(self) -> str:
        return messages.inventory(self.text)

    @property
    def merged(self) -> Mapping[str, str]:
        """Return the paths where it accepts a merge of drift."""
        return messages.merged(self.text)

    @property
    def after(self) -> dict[str, tuple[str, str] | None]:
        return {str(path): entry for path, _, entry in self.moved}


def contents(store: Store, commit: str, entries: Mapping[PurePosixPath, TreeEntry]) -> dict[PurePosixPath, File | None]:
    """Return the files of a proposal at their paths, fetching what is not here; raise GitError if it is nowhere."""
    needed = {entry[1] for entry in entries.values() if entry is not None}
    read = blobs.read(store, store.objects(commit), needed, network=True)
    return {path: history.entry_file(entry, read) for path, entry in entries.items()}


def heads(store: Store, branch: str) -> dict[str, str]:
    """Return the commits of a proposal's branch and of its restarts, by name.

    A proposal that was made under another name of the branch stays there until it is over.
    """
    found, before = _heads(store, branch), _named_before(store, branch)
    return found if found or before is None else _heads(store, before)


def _named_before(store: Store, branch: str) -> str | None:
    """Return the branch of the proposal that is remembered, if the inventory has given it another name since."""
    known = store.memory.memo().proposed
    if known is None or known.standing.done or not known.standing.on_branch:
        return None
    name = known.standing.branch
    return None if _number(branch, name) else name


def _heads(store: Store, branch: str) -> dict[str, str]:
    here = None if store.remote.beside is None else git_folder.bare(store.remote.beside)
    if here is not None:
        found = here.below(f"refs/heads/{branch}".rpartition("/")[0])
    else:
        found = refs_at(store, f"refs/heads/{branch}", f"refs/heads/{branch}.*")
    named = {ref.removeprefix("refs/heads/"): commit for ref, commit in found.items() if ref.startswith("refs/heads/")}
    return {name: commit for name, commit in named.items() if _number(branch, name)}


def refs_at(store: Store, *patterns: str) -> dict[str, str]:
    """Return the refs upstream that match a pattern, with their commits; raise Unreachable if it does not answer."""
    remote = store.remote
    try:
        told = contact.run(
            Git(), remote.url, remote.access,
            "ls-remote", "--quiet", "--refs", "--end-of-options", remote.url, *patterns,
            limit=remote.access.ask_limit,
        )  # fmt: skip
    except GitError as error:
        raise Unreachable.by(error) from error
    lines = (line.partition("\t") for line in told.lines)
    return {ref: commit for commit, _, ref in lines if ID.match(commit)}


def _number(branch: str, name: str) -> int:
    """Return the number of a proposal's branch: 1 for the first, 0 for another branch."""
    last = name.removeprefix(f"{branch}.")
    return 1 if name == branch else int(last) if name != last and re.fullmatch(r"[2-9]|[1-9]\d{1,3}", last) else 0


def newest(branch: str, names: Iterable[str]) -> str | None:
    """Return the branch on which a proposal was last started."""
    return max(names, key=lambda name: _number(branch, name), default=None)


def another(branch: str, name: str) -> str:
    """Return the branch on which to start a proposal again."""
    number = _number(branch, name)
    return f"{branch}.{number + 1}" if number else branch


def carried(store: Store, ref: str, commit: str) -> Carried:
    """Return the commit of a ref; one that is not here is fetched into a temporary folder."""
    try:
        found = _read(store.objects(commit), store, commit)
        if found.own is not None:
            return found
    except GitError:
        pass
    with tempfile.TemporaryDirectory(prefix="rollout-look-") as folder:
        look = _fetched(store, {ref: _LOOK}, Path(folder) / "look", len(commit))
        try:
            return _read(look.objects(commit), store, commit)
        finally:
            look.close()


def offered(store: Store, head: str) -> dict[PurePosixPath, Touch]:
    """Return what our commit in a proposal does at each path; nothing if it is not here, or a person's by now."""
    objects = store.objects(head)
    try:
        own = _read(objects, store, head).own
        if own is None:
            return {}
        made, moved = _commit(objects, own)[0], _read(objects, store, own).moved
    except GitError:
        return {}
    return {path: touch for path, touch in history.touches_of(own, made, list(moved)) if touch.wrote}


def _fetched(ours: Store, refs: Mapping[str, str], place: Path, id_size: int) -> Store:
    look = store.at(place, ours.remote, ours.target)
    layout.ready(look, id_size)
    wanted = (f"+{ref}:{to}" for ref, to in refs.items())
    transfer.by_git(look, f"--depth={_DEPTH}", "--filter=blob:none", *wanted)
    return look


def search(store: Store, pattern: str, inventory: str) -> tuple[str, str] | None:
    """Return the newest ref with a proposal of this inventory for the store's target, and its commit."""
    there = refs_at(store, pattern)
    numbered = {int(found[1]): ref for ref in there if (found := _NUMBERED.search(ref))}
    newest = {numbered[number]: f"{_LOOK}/{number}" for number in sorted(numbered)[-_SEARCHED:]}
    if not newest:
        return None
    with tempfile.TemporaryDirectory(prefix="rollout-look-") as folder:
        look = _fetched(store, newest, Path(folder) / "look", len(there[next(iter(newest))]))
        try:
            ours = [ref for ref in newest if _is_of(look.objects(there[ref]), there[ref], inventory, store.target)]
        finally:
            look.close()
    return (ours[-1], there[ours[-1]]) if ours else None


def _is_of(objects: Objects, commit: str, inventory: str, target: str) -> bool:
    """Tell whether a commit, or one that it follows, is a proposal of an inventory for a target."""
    current: str | None = commit
    for _ in range(_DEPTH):
        found = None if current is None else objects.read(current)
        if found is None:
            return False
        parents, text = messages.parts(found.content)
        if messages.inventory(text) == inventory and messages.run_and_target(text)[1] == target:
            return True
        current = parents[0] if parents else None
    return False


def _read(objects: Objects, ours: Store, commit: str) -> Carried:
    """Read a commit and its base; raise GitError if one is not here."""
    content, parents = _commit(objects, commit)
    if len(parents) == 1:
        moved = tuple(difference(Tree(objects, parents[0]), Tree(objects, commit)))
        made = seal.fits(content, moved, ours.remote.branch)
        text = messages.parts(content)[1]
        who = "" if made else _who(content, commit)
        return Carried(commit, commit if made else None, parents[0], moved, text, who, messages.committed_at(content))
    below = _below_merges(objects, ours, commit, parents)
    return below or Carried(commit, None, None, who=_who(content, commit))


def _below_merges(objects: Objects, ours: Store, commit: str, parents: list[str]) -> Carried | None:
    """Return our commit below a merge of upstream that adds nothing of its own; None if it does more."""
    if len(parents) != 2 or not _is_upstream(ours, parents[1]):
        return None
    below = _read(objects, ours, parents[0])
    if below.own is None:
        return None
    moved = tuple(difference(Tree(objects, parents[1]), Tree(objects, commit)))
    found = replace(below, commit=commit, parent=parents[1], moved=moved)
    return found if found.after == below.after else None


def _is_upstream(ours: Store, commit: str) -> bool:
    known = ours.memory.memo().tip
    return known is not None and (known == commit or _reaches(ours, commit, known))


def _reaches(ours: Store, old: str, new: str) -> bool:
    return ours.git.attempt("merge-base", "--is-ancestor", old, new).code == 0


def _commit(objects: Objects, name: str) -> tuple[bytes, list[str]]:
    found = objects.read(name)
    if found is None or found.kind is not ObjectKind.COMMIT:
        raise GitError(f"commit {name} is not here")
    return found.content, messages.parts(found.content)[0]


def _who(content: bytes, commit: str) -> str:
    author = _AUTHOR.search(content)
    name = author[1].decode("utf-8", "replace") if author else "somebody"
    subject = messages.parts(content)[1].split("\n", 1)[0]
    return f"{name} ({commit[:7]} {subject})"
