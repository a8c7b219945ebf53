"""The plan: one change a file, one step a target."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath

from msgspec import Struct, field

from rollout.model.action import Action
from rollout.model.changed import Did
from rollout.model.files import File, fingerprint
from rollout.model.hindrances import DifferingFile
from rollout.model.inputs import Input
from rollout.model.inventory import Branch, Location, TargetKind, kind_of
from rollout.model.limits import BudgetUse, Finding
from rollout.model.outcomes import WrittenPath
from rollout.model.own_writes import FileShare
from rollout.model.reasons import Collision, Reason
from rollout.model.reviews import Delivery, Proposal, Standing, Via


class State(StrEnum):
    """The state of one target: the first that applies, in this order."""

    MISSING = "missing"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    CONFLICT = "conflict"
    DRIFT = "drift"
    DECLINED = "declined"
    WAITING = "waiting"
    PENDING = "pending"
    IN_REVIEW = "in-review"
    READY_TO_PUSH = "ready-to-push"
    BEHIND = "behind"
    IN_SYNC = "in-sync"


class Change(Struct, frozen=True):
    """One file: what is there, what should be, and what rollout last wrote there.

    `decided` is true when it may be written as it stands; drift and adoption wait for a decision. `elsewhere` is true
    where `cause` begins with a place of its own, such as a line of a template. `policy` is true where the
    text is known, and refused for what it says.
    """

    path: PurePosixPath
    action: Action
    cause: str
    before: File | None
    after: File | None
    base: File | None = None
    decided: bool = True
    template: str | None = None  # what stands for what the template says, where `after` is a merge of drift
    asks: str | None = None  # what the template asks for, in one word, where a decision is or was needed
    did: Did | None = None  # what others did to the file, where that asks for a decision
    hold: bool = False  # once written it stays, until the template asks for something else
    rules: tuple[str, ...] = ()  # the templates of the rules that it is made of
    keep: bool = False  # what is there stays, until the template asks for something else
    elsewhere: bool = False
    policy: bool = False
    line: int | None = None  # of the file, where that is what `cause` begins with
    earlier: bool = False  # it was decided when the commit that waits was made
    unsearched: bool = False  # whether rollout wrote the file is not known until upstream is asked
    reverts: bool = False  # it puts back what was there before a run
    released: bool = False  # it is on hold, but for the option that ends that
    stays: bool = False  # the review has it already, and a revert of something else leaves it there
    merges: bool = False  # what others did and what the template says would merge
    indivisible: bool = False  # what is to go has something of others in it: it is overwritten or kept
    goes_back: bool = True  # whether what others did can be put into the template
    takes_away: bool = False  # what others had before us goes with it, and that is told
    share: FileShare | None = None  # how much of the file is ours then, where others wrote some of it

    @property
    def words(self) -> str:
        return f"{self.cause}; decided before" if self.earlier else self.cause

    @property
    def told(self) -> str:
        return self.words if self.elsewhere else f"{self.path}: {self.words}"

    @property
    def as_written(self) -> WrittenPath:
        """Return what is recorded of it once it is written."""
        return WrittenPath(str(self.path), self.action, fingerprint(self.before), fingerprint(self.after))

    @property
    def idle(self) -> bool:
        """Tell whether it changes nothing: a merge of drift with a template that did not change."""
        return self.before == self.after

    @property
    def can_merge(self) -> bool:
        """Tell whether what others did could be merged with what the template says."""
        there = None not in (self.base, self.before, self.after)
        return self.action is Action.DRIFT and there and not self.indivisible

    @property
    def unclear(self) -> bool:
        """Tell whether it can only be kept: which lines are ours is not clear, so nothing would be written."""
        return not self.decided and self.idle


class Step(Struct, frozen=True):
    """One target, frozen: all that a worker needs to write it, with `base` as the compare-and-swap."""

    target: str
    location: Location
    state: State
    why: Reason
    base: str | None
    changes: tuple[Change, ...] = ()
    managed: Mapping[PurePosixPath, str] = field(default_factory=dict)  # path -> fingerprint when planned
    in_sync: int = 0
    pending: str | None = None  # our own commit that is not upstream yet
    overtaken: bool = False  # the waiting commit of ours is no longer what upstream and the templates ask for
    outrun: tuple[PurePosixPath, ...] = ()  # files of that commit that others have changed upstream since
    follow: bool = False  # the checkout is behind and nothing hinders it
    warnings: tuple[str, ...] = ()
    orphans: tuple[PurePosixPath, ...] = ()
    identity: str = ""  # where the target lives: url or folder
    author: str = ""  # the author of a commit
    commit: str | None = None  # our newest commit: the one that waits, else the one upstream
    newest_run: str = ""  # the run that made our newest commit upstream
    ahead: int | None = None  # commits of the local branch that upstream does not have
    behind: int | None = None  # commits of upstream that the local branch does not have
    known_at: float | None = None  # when upstream was last asked, in seconds since the epoch
    checkout: tuple[DifferingFile, ...] = ()
    awaits: Action | None = None  # the decision that a blocked target waits for
    inputs: tuple[Input, ...] = ()  # what its templates read
    needs: tuple[str, ...] = ()  # targets that must be as they should be before it is written
    budgets: tuple[BudgetUse, ...] = ()  # the use of its budgets
    kept: tuple[PurePosixPath, ...] = ()  # files that a person decided to keep as they are
    frozen: bool = False  # the inventory holds it
    held: tuple[PurePosixPath, ...] = ()  # files that were reverted, and whose templates have not changed since
    changed_on_hold: tuple[Change, ...] = ()  # what others did to those
    left: tuple[PurePosixPath, ...] = ()  # files that a revert leaves alone, as others changed them since
    merged: tuple[PurePosixPath, ...] = ()  # files that hold an accepted merge, and so differ from their templates
    findings: tuple[Finding, ...] = ()  # what is wrong with its texts as a whole
    collides: tuple[Collision, ...] = ()  # commits of a person's own that are not upstream and touch managed paths
    via: Via = Via.PUSH  # how its changes are delivered
    delivery: Delivery = Delivery()
    proposal: Proposal | None = None  # the proposal, if its changes are proposed in a review
    standing: Standing | None = None  # the state of that proposal
    asked: str = ""  # a digest of all that decided what is desired; not part of a saved plan

    @property
    def reason(self) -> str:
        return self.why.text

    @property
    def kind(self) -> TargetKind:
        return kind_of(self.location)

    @property
    def unseen(self) -> bool:
        """Tell whether nothing is known of it because its branch was first asked for, or never, beside a run."""
        return self.state is State.WAITING and self.base is None

    @property
    def unopened(self) -> bool:
        """Tell whether a run ended after it had pushed the branch and before it opened the review."""
        standing = self.standing
        return standing is not None and standing.left and standing.review is None and self.via.opens_after

    @property
    def branch(self) -> str | None:
        return self.location.branch if isinstance(self.location, Branch) else None


class Plan(Struct, frozen=True):
    id: str
    created: str
    steps: tuple[Step, ...]
    digest: str = ""
