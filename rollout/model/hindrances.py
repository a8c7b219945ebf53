"""The reasons why a checkout does not have what upstream has, and their words."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import assert_never

from msgspec import Struct

from rollout.model.few import left_out

_SHOWN = 3
MENDS_HEAD = "`ref: refs/heads/BRANCH` in it mends that"


class OnBranch(Struct, frozen=True):
    """Another branch is checked out."""

    name: str


class Detached(Struct, frozen=True):
    """HEAD is at a commit and on no branch."""


class DamagedHead(Struct, frozen=True):
    """HEAD names nothing that git could have checked out."""

    file: Path
    names: str


class InProgress(Struct, frozen=True):
    """A merge, a rebase or the like is not finished."""

    what: str


class CheckedOutElsewhere(Struct, frozen=True):
    """Another worktree has the branch, too."""

    branch: str
    place: Path


class Unborn(Struct, frozen=True):
    """The branch is checked out and has no commit yet."""

    branch: str


class DamagedBranch(Struct, frozen=True):
    """The branch's file names no commit."""

    branch: str
    file: Path


class Apart(Struct, frozen=True):
    """The git folder is on another file system than the work tree, so no file can be exchanged between them."""


class OwnCommits(Struct, frozen=True):
    """Upstream does not have a person's own commits."""

    count: int


class Edited(Struct, frozen=True):
    """Files are neither as they were nor as upstream has them; each with what it is now."""

    files: tuple[tuple[PurePosixPath, str], ...]


class Locked(Struct, frozen=True):
    """Git's index is locked."""

    lock: Path


class Unusable(Struct, frozen=True):
    """There is no checkout to work in, or git cannot read it."""

    words: str


class LeftAlone(Struct, frozen=True):
    """The inventory asks for the checkout to be left alone."""


class NotUpdated(Struct, frozen=True):
    """Nothing hinders it; nobody has updated it yet."""


class PushedSince(Struct, frozen=True):
    """Nothing hinders it, but it has commits that were pushed after we last asked upstream, or that upstream lost."""

    count: int


class NotCloned(Struct, frozen=True):
    """There is no checkout yet."""


Hindrance = (
    OnBranch
    | Detached
    | DamagedHead
    | InProgress
    | CheckedOutElsewhere
    | Unborn
    | DamagedBranch
    | Apart
    | OwnCommits
    | Edited
    | Locked
    | Unusable
    | LeftAlone
    | NotUpdated
    | PushedSince
    | NotCloned
)


class DifferingFile(Struct, frozen=True):
    """A managed file of the checkout that is not as upstream has it: it was edited, or the checkout is held back."""

    path: PurePosixPath
    why: Hindrance
    edit: str = ""  # what was done to the file, in words that follow its path

    @property
    def words(self) -> str:
        return f"{self.path} {self.edit}" if self.edit else in_words(self.why)


def in_words(why: Hindrance, *, whole: bool = False, hint: bool = False) -> str:
    """Say in one line what keeps a checkout where it is."""
    match why:
        case OnBranch(name):
            return f"on branch {name}"
        case Detached():
            return "HEAD is detached"
        case DamagedHead(file, names):
            return f"{file} is damaged: it names {names}; {MENDS_HEAD}"
        case InProgress(what):
            return f"{what} is in progress"
        case CheckedOutElsewhere(branch, place):
            return f"branch {branch} is checked out in another worktree too: {place}"
        case Unborn(branch):
            return f"branch {branch} has no commit yet here, and upstream has; git pull brings them"
        case DamagedBranch(branch, file):
            return (
                f"branch {branch} is damaged: {file} names no commit (a power cut?); "
                "move the checkout away, or repair it"
            )
        case Apart():
            return "its git folder is on another file system than its work tree: pull it yourself"
        case OwnCommits(count):
            return f"{count} commit{'s' * (count > 1)} of your own {'are' if count > 1 else 'is'} not upstream"
        case Edited(files):
            return _edited(files, whole=whole, hint=hint)
        case Locked(lock):
            return f"busy: {lock} exists"
        case Unusable(words):
            return words
        case LeftAlone():
            return "the inventory says checkout: leave"
        case NotUpdated():
            return "not updated yet"
        case PushedSince(count):
            came = f"{count} commit{'s' * (count > 1)} came after what upstream had when rollout last asked"
            return f"{came}; rollout status --fetch asks again"
        case NotCloned():
            return "no checkout yet; apply clones it"
        case never:
            assert_never(never)


def _edited(files: tuple[tuple[PurePosixPath, str], ...], *, whole: bool, hint: bool) -> str:
    parts = [f"{path} {what}" for path, what in sorted(files)]
    shown = parts if whole else parts[:_SHOWN]
    return ", ".join(shown) + left_out(len(parts) - len(shown), hint=hint)
