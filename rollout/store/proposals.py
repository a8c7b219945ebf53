"""The branches that carry proposals: where they are upstream, and whose commit is on them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field

from rollout.errors import GitError
from rollout.git.run import Git
from rollout.objects import messages, seal
from rollout.objects.ids import ID
from rollout.objects.seal import Moved
from rollout.objects.trees import Objects, Tree, difference
from rollout.remote import contact
from rollout.remote.upstream import Unreachable
from rollout.store import layout, store, transfer
from rollout.store.store import Store

_LOOK = "refs/rollout/look"
_DEPTH = 12  # commits of the branch that are looked at: ours, below merges of upstream
_AUTHOR = re.compile(rb"^author (.*) <.*> \d+ [+-]\d{4}$", re.MULTILINE)


class Carried(Struct, frozen=True):
    """The commit at the head of a proposal's branch; `own` is ours, itself or below merges of upstream alone."""

    commit: str
    own: str | None
    parent: str | None  # the upstream commit that it stands on
    moved: tuple[Moved, ...] = ()
    inventory: str = ""  # by which word the inventory is known that made ours
    merged: Mapping[str, str] = field(default_factory=dict)  # paths at which it accepts a merge of drift
    who: str = ""  # and whose it is else

    @property
    def after(self) -> dict[str, tuple[str, str] | None]:
        return {str(path): entry for path, _, entry in self.moved}


def heads(store: Store, branch: str) -> dict[str, str]:
    """Return the commits of a proposal's branch and of those that began again beside it, by name."""
    remote = store.remote
    try:
        told = contact.run(
            Git(), remote.url, remote.access,
            "ls-remote", "--quiet", "--heads", "--end-of-options", remote.url,
            f"refs/heads/{branch}", f"refs/heads/{branch}.*",
            limit=remote.access.ask_limit,
        )  # fmt: skip
    except GitError as error:
        raise Unreachable(str(error)) from error
    found = {}
    for line in told.out.decode("utf-8", "replace").splitlines():
        commit, _, ref = line.partition("\t")
        name = ref.removeprefix("refs/heads/")
        if ID.match(commit) and _number(branch, name):
            found[name] = commit
    return found


def _number(branch: str, name: str) -> int:
    """Return which branch of a proposal a name is: 1 for the first, 0 for none."""
    last = name.removeprefix(f"{branch}.")
    return 1 if name == branch else int(last) if name != last and re.fullmatch(r"[2-9]|[1-9]\d{1,3}", last) else 0


def newest(branch: str, names: Iterable[str]) -> str | None:
    """Return the branch on which a proposal was begun last."""
    return max(names, key=lambda name: _number(branch, name), default=None)


def another(branch: str, name: str) -> str:
    """Return the branch on which a proposal begins again."""
    return f"{branch}.{_number(branch, name) + 1}"


def carried(store: Store, branch: str, commit: str) -> Carried:
    """Return what is at the head of a branch; what is not here is fetched into a folder of its own, and forgotten."""
    try:
        found = _read(store.objects(commit), store, commit)
        if found.own is not None:
            return found
    except GitError:
        pass
    with tempfile.TemporaryDirectory(prefix="rollout-look-") as folder:
        look = _fetched(store, branch, Path(folder) / "look", len(commit))
        try:
            return _read(look.objects(commit), store, commit)
        finally:
            look.close()


def _fetched(ours: Store, branch: str, place: Path, id_size: int) -> Store:
    look = store.at(place, ours.remote, ours.target)
    layout.ready(look, id_size)
    transfer.by_git(look, f"--depth={_DEPTH}", "--filter=blob:none", f"+refs/heads/{branch}:{_LOOK}")
    return look


def _read(objects: Objects, ours: Store, commit: str) -> Carried:
    """Read a commit and what it stands on; raise GitError for what is not here."""
    content, parents = _commit(objects, commit)
    if len(parents) == 1:
        moved = tuple(difference(Tree(objects, parents[0]), Tree(objects, commit)))
        made = seal.fits(content, moved, ours.remote.branch)
        text = messages.parts(content)[1]
        who = "" if made else _who(content, commit)
        own = commit if made else None
        return Carried(commit, own, parents[0], moved, messages.inventory(text), messages.merged(text), who)
    below = _below_merges(objects, ours, commit, parents)
    return below or Carried(commit, None, None, who=_who(content, commit))


def _below_merges(objects: Objects, ours: Store, commit: str, parents: list[str]) -> Carried | None:
    """Return our commit below a merge of upstream that adds nothing of its own; None where it is more than that."""
    if len(parents) != 2 or not _is_upstream(ours, parents[1]):
        return None
    below = _read(objects, ours, parents[0])
    if below.own is None:
        return None
    moved = tuple(difference(Tree(objects, parents[1]), Tree(objects, commit)))
    found = Carried(commit, below.own, parents[1], moved, below.inventory, below.merged)
    return found if found.after == below.after else None


def _is_upstream(ours: Store, commit: str) -> bool:
    known = ours.memory.memo().tip
    return known is not None and (known == commit or _reaches(ours, commit, known))


def _reaches(ours: Store, old: str, new: str) -> bool:
    return ours.git.attempt("merge-base", "--is-ancestor", old, new).code == 0


def _commit(objects: Objects, name: str) -> tuple[bytes, list[str]]:
    found = objects.read(name)
    if found is None or found[1] != "commit":
        raise GitError(f"commit {name} is not here")
    return found[2], messages.parts(found[2])[0]


def _who(content: bytes, commit: str) -> str:
    author = _AUTHOR.search(content)
    name = author[1].decode("utf-8", "replace") if author else "somebody"
    subject = messages.parts(content)[1].split("\n", 1)[0]
    return f"{name} ({commit[:7]} {subject})"
