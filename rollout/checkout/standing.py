"""Find how the local branch relates to upstream, and what keeps it from moving."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from rollout.checkout import ownership
from rollout.git.git_folder import GitDir
from rollout.git.run import Git
from rollout.model.hindrances import (
    Apart,
    CheckedOutElsewhere,
    DamagedBranch,
    DamagedHead,
    Detached,
    Hindrance,
    InProgress,
    OnBranch,
    Unborn,
    in_words,
)

_ITS_OWN = {"local", "worktree"}  # scopes of the repository's own configuration
# A commit, its parents, and whether it has a trailer that looks like our seal.
_SEALED_OR_NOT = "--format=%H%x09%P%x09%(trailers:key=Rollout-Seal,keyonly,separator=%x20)"


class Hindered(Exception):
    """The checkout stays where it is, untouched; the text says why."""

    def __init__(self, why: Hindrance | str) -> None:
        super().__init__(why if isinstance(why, str) else in_words(why))


class OwnCommit(Struct, frozen=True):
    """A commit on the local branch that upstream does not have; `rollouts` if rollout made it."""

    commit: str
    parent: str
    rollouts: bool


class BranchStanding(Struct, frozen=True):
    """How the local branch relates to upstream."""

    local: str | None
    ahead: tuple[OwnCommit, ...] = ()

    @property
    def persons(self) -> tuple[OwnCommit, ...]:
        return tuple(commit for commit in self.ahead if not commit.rollouts)


def git_for(repo: GitDir, held: tuple[int, ...] = ()) -> Git:
    """Return git for a person's repository, with everything switched off that its configuration could run."""
    git = Git(repo.git_dir, repo.top, held, environment={"GIT_ATTR_NOSYSTEM": "0"})
    return git.with_options(**_overriding(list(_commands_in_config(repo, git))))


def _commands_in_config(repo: GitDir, git: Git) -> Iterator[tuple[str, str]]:
    """Name every filter and hook that the repository's own configuration defines, to override each with nothing.

    There is no wildcard for them; newer git also takes hooks from the configuration. If it
    spans several files, or has hooks or filters, we ask git, which knows its own files best.
    """
    config = repo.config()
    kinds = {section.split(" ")[0].split(".")[0].lower() for section in config.sections}
    more = config.last("extensions", "worktreeconfig", "false").lower() != "false"
    if not more and not kinds & {"include", "includeif", "hook", "filter"}:
        return
    listed = git.run("config", "--null", "--list", "--includes", "--show-scope", "--name-only")
    words = listed.out.decode("utf-8", "surrogateescape").split("\0")
    for key in dict.fromkeys(k for scope, k in zip(words[::2], words[1::2], strict=False) if scope in _ITS_OWN):
        name, _, variable = key.rpartition(".")
        if name.startswith("filter.") and variable in {"clean", "smudge", "process"}:
            yield from ((key, ""), (f"{name}.required", "false"))
        if name.startswith("hook."):
            yield from ((f"{name}.command", "true"), (f"{name}.enabled", "false"))


def _overriding(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the environment that overrides every file; an option could not name a section with a `=` in it."""
    found = {"GIT_CONFIG_COUNT": str(len(settings))} if settings else {}
    for number, (key, value) in enumerate(settings):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def standing(repo: GitDir, git: Git, branch: str, remote: str, upstream: str) -> BranchStanding:
    """Return how the branch relates to the upstream commit, which need not be in this repository."""
    ref = f"refs/heads/{branch}"
    local = repo.ref(ref)
    if local is None or local == upstream:
        return BranchStanding(local)
    known = [upstream]
    tracking = repo.ref(f"refs/remotes/{remote}/{branch}")
    if tracking is not None:
        known.append(tracking)
    if local in known:
        return BranchStanding(local)
    return BranchStanding(local, above(git, branch, local, known))


def above(git: Git, branch: str, local: str, known: Iterable[str]) -> tuple[OwnCommit, ...]:
    """Return the newest commits of a branch that no known commit contains, each checked against its seal."""
    listed = git.attempt(
        "log", "--ignore-missing", "--max-count=1000", _SEALED_OR_NOT, local, "--not", *known, "--"
    )  # fmt: skip
    if listed.code:
        raise Hindered(f"its history cannot be read: {listed.words}")
    lines = [line.split("\t", 2) for line in listed.lines]
    if not any(sealed for _, _, sealed in lines):
        return tuple(OwnCommit(commit, parents.split(" ")[0], False) for commit, parents, _ in lines)
    with git.objects() as objects:
        return tuple(
            OwnCommit(commit, parents.split(" ")[0], bool(sealed) and ownership.is_ours(objects, commit, branch))
            for commit, parents, sealed in lines
        )


def hindrance(repo: GitDir, git: Git, branch: str) -> Hindrance | None:
    """Return what about the whole repository keeps its branch from moving now, or None."""
    ref = f"refs/heads/{branch}"
    head, operation = repo.head(), repo.operation()
    if head is None and not operation:  # a rebase detaches HEAD, too
        return _detached(repo, git)
    if head not in {None, ref}:
        return OnBranch(head.removeprefix("refs/heads/"))
    if operation:
        return InProgress(operation)
    elsewhere = repo.elsewhere(ref)
    if elsewhere:
        return CheckedOutElsewhere(branch, elsewhere)
    if repo.ref(ref) is None:
        return _unborn(repo, branch)
    return None if _is_one_disk(repo) else Apart()


def _detached(repo: GitDir, git: Git) -> Detached | DamagedHead:
    """Tell whether the commit that is checked out without a branch is here."""
    if git.attempt("cat-file", "-e", "HEAD^{commit}").code == 0:
        return Detached()
    return DamagedHead(repo.git_dir / "HEAD", "a commit that is not here")


def _unborn(repo: GitDir, branch: str) -> DamagedBranch | Unborn:
    """Tell why the current branch has no commit: nobody has made one, or its file is damaged."""
    file = repo.common_dir / "refs" / "heads" / branch
    if os.path.lexists(file):
        return DamagedBranch(branch, file)
    return Unborn(branch)


def _is_one_disk(repo: GitDir) -> bool:
    """Tell whether a file can be renamed between the git folder and the work tree."""
    try:
        return os.stat(repo.git_dir).st_dev == os.stat(repo.top).st_dev
    except OSError:
        return True  # the next one to use it reports what is wrong
