"""What beyond the files decides a target's state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.model.action import OnDrift
from rollout.model.files import Agreed, File, TakenOver
from rollout.model.hindrances import DifferingFile, Hindrance
from rollout.model.plan import Change
from rollout.model.reasons import NONE, Collision, HeldBack, Reason
from rollout.model.reviews import Deliver


class FileDecision(Struct, frozen=True):
    """A person's decision about one file, in one target or in all that have it."""

    path: PurePosixPath
    how: OnDrift
    target: str | None = None
    text: bytes | None = None  # the text of a file that is kept, if not what others wrote


class Decisions(Struct, frozen=True):
    """The decisions that the person made beforehand."""

    adopt: bool = False
    on_drift: OnDrift = OnDrift.BLOCK
    deliver: Deliver | None = None  # in place of the inventory's setting
    reopen: bool = False  # propose again what was declined or taken over
    files: tuple[FileDecision, ...] = ()  # about single files; the last one counts
    release: bool = False  # write again what was reverted

    def of(self, target: str) -> Decisions:
        """Return the decisions for one target."""
        return replace(self, files=tuple(one for one in self.files if one.target in {None, target}))

    def named(self, path: PurePosixPath) -> OnDrift | None:
        """Return the decision about this file."""
        return next((one.how for one in reversed(self.files) if one.path == path), None)

    def edited(self, path: PurePosixPath) -> bytes | None:
        """Return the text for this file, if the person wrote one."""
        return next((one.text for one in reversed(self.files) if one.path == path), None)

    def about(self, path: PurePosixPath) -> OnDrift:
        return self.named(path) or self.on_drift

    def takes_over(self, path: PurePosixPath) -> bool:
        """Tell whether a file that rollout never wrote is taken over."""
        named = self.named(path)
        return self.adopt if named is None else named is OnDrift.OVERWRITE


class CheckoutState(Struct, frozen=True):
    """The person's checkout as far as a plan needs it: whether it has what upstream has, and if not, why."""

    has_it: bool = True
    why: Hindrance | None = None
    can_follow: bool = False
    commit: str | None = None
    ahead: int | None = 0
    behind: int | None = 0
    differing: tuple[DifferingFile, ...] = ()
    collides: tuple[Collision, ...] = ()  # a person's commits that are not upstream and touch managed paths
    ours_alone: bool = False  # upstream lacks commits of its branch, and rollout made all of them

    @property
    def reason(self) -> Reason:
        """Return why it does not have what upstream has."""
        return NONE if self.why is None else Reason((HeldBack(self.why),))

    def without_use(self) -> CheckoutState:
        """Return it as it counts where upstream needs no commit of ours that it may have: such a commit has to go."""
        return replace(self, has_it=False) if self.ours_alone else self


class Circumstances(Struct, frozen=True):
    """What beyond the files decides a target's state."""

    identity: str
    pending: str | None = None  # our own commit that is not upstream, if it still says what the templates say
    pending_files: Mapping[PurePosixPath, tuple[File | None, File | None]] = field(default_factory=dict)
    reverts: Mapping[PurePosixPath, str] = field(default_factory=dict)  # what was asked for where that commit reverts
    overtaken: bool = False  # our own commit is not upstream, and is out of date
    outrun: tuple[PurePosixPath, ...] = ()  # files of it that upstream changed since
    checkout: CheckoutState | None = None
    identity_fault: str | None = None  # why no commit could be made
    author: str = ""  # its author
    known_at: float | None = None
    newest_run: str = ""  # the run that made our newest commit upstream


class Findings(Struct, frozen=True):
    """The result of comparing a target's desired files with one revision of it."""

    revision: str
    changes: tuple[Change, ...]
    managed: Mapping[PurePosixPath, str]
    in_sync: int
    warnings: tuple[str, ...] = ()
    orphans: tuple[PurePosixPath, ...] = ()
    newest: str | None = None
    equal: Mapping[PurePosixPath, TakenOver] = field(default_factory=dict)  # others wrote it exactly so
    agreed: Mapping[PurePosixPath, Agreed] = field(default_factory=dict)  # others wrote these keys, just as they should
    kept: tuple[PurePosixPath, ...] = ()  # others wrote it, and a person decided to keep it
    held: tuple[PurePosixPath, ...] = ()  # it was reverted, and its template has not changed since
    changed_on_hold: tuple[Change, ...] = ()  # what others did to those that waits for a decision
    merged: tuple[PurePosixPath, ...] = ()  # a merge of what others did was accepted, and it differs from its template
