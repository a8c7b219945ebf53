"""Ask a remote where its branch is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field

from rollout.errors import GitError, GitTimeout, Mistake, NoAnswer
from rollout.git import git_folder
from rollout.git.access import Access
from rollout.git.run import Git, Result
from rollout.objects.ids import ID
from rollout.safety import addresses

if TYPE_CHECKING:
    from rollout.remote.upload_pack import Sender

_HTTP = re.compile(r"https?://", re.IGNORECASE)


class Unreachable(GitError):
    """The remote did not answer, or would not let us ask."""

    @classmethod
    def by(cls, error: GitError) -> Self:
        """Return the failure of a contact, with the way out where nothing was heard in time."""
        return cls(Mistake(str(error), way_out="--timeout SECONDS waits longer" if isinstance(error, NoAnswer) else ""))

    @property
    def silent(self) -> bool:
        """Tell whether it said nothing in time, so that whoever asks again waits as long again."""
        return isinstance(self.__cause__, GitTimeout)


class Instead(Struct, frozen=True):
    """The branch that a remote has instead of the one that is asked for: its default, or else its only one."""

    branch: str
    is_default: bool


class NoBranch(GitError):
    """The remote answered but has no such branch; `instead` is the branch that it has instead, if we know."""

    def __init__(self, message: str, instead: Instead | None = None) -> None:
        super().__init__(message)
        self.instead = instead


class Remote(Struct, frozen=True):
    """The address of upstream, which is safe for git, and what it takes to contact it."""

    url: str
    branch: str
    access: Access = field(default_factory=Access)
    beside: Path | None = None  # the repository itself, where the address is a folder of this machine
    literal: bool = False  # git would use the address literally

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"


def ask(remote: Remote) -> str:
    """Return the commit upstream's branch is at now.

    Raises NoBranch if the remote has no such branch, Unreachable where it does not answer.
    """
    known = on_this_machine(remote) or ask_for(remote, [remote.ref]).get(remote.ref)
    if known is not None:
        return known
    if _HTTP.match(remote.url) and not _speaks_git(remote):
        raise Unreachable("its address is not served by git (a login page?)")
    raise no_branch(remote, _instead(remote))


def ask_for(remote: Remote, refs: Collection[str]) -> dict[str, str]:
    """Return the commits that branches of a remote are at now, of those that it has; one contact for all of them.

    Raises Unreachable if it does not answer.
    """
    told = _told(remote, refs)
    if told:
        return told
    try:
        result = _listed(Git(), remote, refs)
    except GitError as error:
        raise Unreachable.by(error) from error
    return {ref: commit for ref, commit in _commits(result).items() if ref in refs}


def _commits(listed: Result) -> dict[str, str]:
    """Return the commits of the refs that `ls-remote` lists."""
    lines = (line.partition("\t") for line in listed.lines)
    return {ref: commit for commit, _, ref in lines if ID.match(commit)}


def _speaks_git(remote: Remote) -> bool:
    """Tell whether a git server answers at an address: git takes any web page for a repository without refs."""
    traced = Git().with_options(GIT_TRACE_PACKET="1")
    return "packet:" in _listed(traced, remote, [remote.ref], ok=()).err


def _listed(runner: Git, remote: Remote, refs: Iterable[str], ok: Sequence[int] = (0,)) -> Result:
    from rollout.remote import contact

    # --heads, or the server would send its tags and all it keeps of merge requests, too.
    return contact.run(
        runner, remote.url, remote.access,
        "ls-remote", "--quiet", "--heads", "--end-of-options", remote.url, *refs,
        limit=remote.access.ask_limit, ok=ok,
    )  # fmt: skip


def _told(remote: Remote, refs: Collection[str]) -> dict[str, str]:
    """Ask a host over an open connection; return nothing if the caller should run git instead."""
    with sender_for(remote, remote.access.ask_limit) as sender:
        if sender is None:
            return {}
        found = sender.tips(refs)
        sender.end()
        return found


@contextmanager
def sender_for(remote: Remote, limit: float) -> Iterator[Sender | None]:
    """Speak to `git upload-pack` over an open connection; None if there is none.

    Raises Unreachable when it does not answer within `limit` seconds.
    """
    if not remote.literal:
        yield None
        return
    from rollout.remote import contact, upload_pack
    from rollout.remote.upload_pack import Sender

    try:
        with contact.session(remote.url, remote.access, "git-upload-pack", upload_pack.ENVIRONMENT, limit) as session:
            yield None if session is None else Sender(session)
    except GitTimeout as error:
        raise Unreachable.by(error) from error


def no_branch(remote: Remote, instead: Instead | None) -> NoBranch:
    way_out = "create it first"
    if instead is not None:
        which = "its default" if instead.is_default else "its only one"
        way_out = f"it has {instead.branch!r} ({which}): write `branch: {instead.branch}`"
    return NoBranch(f"the remote has no branch {remote.branch!r}; {way_out}; rollout creates none", instead)


def _instead(remote: Remote) -> Instead | None:
    """Ask for the default branch of a remote, or, where its HEAD names one that it has not, for its only branch."""
    try:
        default = default_branch(remote)
        if default is not None:
            return Instead(default, is_default=True)
        branches = [ref.removeprefix("refs/heads/") for ref in _commits(_listed(Git(), remote, []))]
    except GitError:
        return None
    fit = len(branches) == 1 and addresses.branch_refusal(branches[0]) is None
    return Instead(branches[0], is_default=False) if fit else None


def default_branch(remote: Remote) -> str | None:
    """Return the branch that a remote's HEAD names, if it has that branch; raise Unreachable if it does not answer."""
    from rollout.remote import contact

    try:
        told = contact.run(
            Git(), remote.url, remote.access,
            "ls-remote", "--quiet", "--symref", "--end-of-options", remote.url, "HEAD",
            limit=remote.access.ask_limit,
        )  # fmt: skip
    except GitError as error:
        raise Unreachable.by(error) from error
    found = re.search(
        r"^ref: refs/heads/([^\t\n]+)\tHEAD\n[0-9a-f]+\tHEAD$", told.out.decode("utf-8", "replace"), re.MULTILINE
    )
    return found[1] if found and addresses.branch_refusal(found[1]) is None else None


def on_this_machine(remote: Remote) -> str | None:
    """Return the commit of a branch in a plain bare repository of our own on this machine, from its file.

    None if anything about the repository is not plain; git is asked then, as about any other remote.
    """
    if remote.beside is None:
        return None
    there = git_folder.bare(remote.beside)
    return None if there is None else there.ref(remote.ref)
