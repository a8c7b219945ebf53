"""How a change is delivered: pushed to its branch, or proposed in a review on a forge."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.model.markers import Marker


class Deliver(StrEnum):
    """What a person wants done with a change."""

    PUSH = "push"
    REVIEW = "review"


class Via(StrEnum):
    """The way on which a change is delivered."""

    PUSH = "push"
    PUSH_OPTIONS = "push-options"
    AGIT = "agit"
    GERRIT = "gerrit"
    GH = "gh"
    HTTP = "http"
    ADDRESS = "address"

    @property
    def opens_after(self) -> bool:
        """Tell whether a review is opened once the branch is pushed, and not by the push or by a person."""
        return self in {Via.GH, Via.HTTP}

    @property
    def by_ref(self) -> bool:
        """Tell whether the change goes to refs/for/BRANCH, and the forge says on which ref it is then."""
        return self in {Via.AGIT, Via.GERRIT}


class ForgeKind(StrEnum):
    """The software that a host serves its repositories with."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    GERRIT = "gerrit"
    BITBUCKET = "bitbucket"
    AZURE = "azure"
    PAGURE = "pagure"


class Forge(Struct, frozen=True):
    """A forge: what it runs, and where its HTTP interface is, with the path of its version."""

    kind: ForgeKind
    api: str | None = None


class Rules(Struct, frozen=True):
    """What the inventory asks of reviews; a title or body of None leaves the words to us."""

    id: str = "rollout"
    title: str | None = None
    body: str | None = None
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    draft: bool = False
    auto_merge: bool = False
    delete_branch: bool = True

    @property
    def branch(self) -> str:
        return f"rollout/{self.id}"


class Origin(Struct, frozen=True):
    """Which inventory proposes, in one word that no path can be read from, and the commit that it stands at."""

    inventory: str = ""
    commit: str | None = None


class Delivery(Struct, frozen=True):
    """How one target's changes are delivered; `forge` is the target's own, `forges` are told by host."""

    deliver: Deliver = Deliver.PUSH
    rules: Rules = Rules()
    forge: Forge | None = None
    forges: Mapping[str, Forge] = field(default_factory=dict)
    origin: Origin = Origin()
    may: tuple[str, ...] = ()  # what a target may say for itself in .rollout.yaml


class ReviewState(StrEnum):
    """How a review stands."""

    OPEN = "open"
    MERGED = "merged"
    DECLINED = "declined"
    TAKEN_OVER = "taken-over"


class ReviewAct(StrEnum):
    """What a run did with a review."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"
    MERGED = "merged"
    COMMENTED = "commented"


class Checks(StrEnum):
    """What the forge's checks say of a review."""

    GREEN = "green"
    RED = "red"
    PENDING = "pending"
    NONE = "none"
    UNKNOWN = "unknown"


class Review(Struct, frozen=True):
    """One review as its forge tells of it; what the forge does not tell is None, "" or unknown."""

    url: str
    number: int | None = None
    state: ReviewState = ReviewState.OPEN
    approved: bool | None = None
    checks: Checks = Checks.UNKNOWN
    conflicts: bool | None = None
    title: str = ""
    updated_at: str = ""
    by: str = ""  # who closed it
    head: str = ""  # the commit that it proposes
    marker: Marker | None = None  # what is hidden in its text


class TakenBack(Struct, frozen=True):
    """A file that goes out of an open review, and what its template asks for, where it has one."""

    path: str
    asks: str | None = None


class Proposal(Struct, frozen=True):
    """What a step proposes: a digest of what the change says, and the words, where the inventory has its own."""

    says: str
    title: str | None = None
    body: str | None = None
    taken_back: tuple[TakenBack, ...] = ()  # by a revert of the run that proposed them
    run: str = ""  # the run that is reverted
    dropped: bool = False  # upstream does not have what the open review says
    reworded: bool = False  # the open review is to say the same in other words


class Standing(Struct, frozen=True):
    """How the proposal of a target stands: the branch that carries it, its commit, and what its forge says.

    `same` says that the commit makes exactly the changes that are asked for, `on_tip` that it stands on upstream's tip.
    """

    branch: str
    head: str | None = None
    ours: bool = True
    same: bool = False
    on_tip: bool = False
    who: str = ""  # whose commit is on the branch, where it is not ours
    foreign: str = ""  # why the branch is not this inventory's
    declined: str = ""  # why it counts as declined
    done: bool = False  # upstream has what it says, and what is left of it has been cleared away
    review: Review | None = None
    ref: str = ""  # the ref that carries it, where the forge made that
    key: str = ""  # by which the forge knows the change
    gone: bool = False  # the branch is no longer there
    subject: str = ""  # of our commit

    @property
    def at(self) -> str:
        return self.ref or f"refs/heads/{self.branch}"

    @property
    def on_branch(self) -> bool:
        """Tell whether a branch of ours carries it, as it was seen there."""
        return not self.ref and not self.gone

    @property
    def taken_over(self) -> bool:
        return self.head is not None and not self.ours and not self.foreign

    @property
    def told(self) -> Review | None:
        """Return the review as it is told: that a person took it over is part of its state."""
        if self.review is None or not self.taken_over or self.review.state is not ReviewState.OPEN:
            return self.review
        return replace(self.review, state=ReviewState.TAKEN_OVER)

    @property
    def left(self) -> bool:
        """Tell whether our own commit is on the branch, and not cleared away."""
        return self.head is not None and self.ours and not (self.foreign or self.declined or self.done)


class Proposed(Struct, frozen=True):
    """How a proposal stood when it was last looked at, and the digest of what it says."""

    standing: Standing
    says: str
    without: tuple[Via, ...] = ()  # the ways that were tried and that the server does not have


def review_document(review: Review | None) -> dict[str, object] | None:
    """Return a review as the contract's documents have it."""
    if review is None:
        return None
    return {
        "url": review.url,
        "number": review.number,
        "state": review.state.value,
        "approved": review.approved,
        "checks": review.checks.value,
        "conflicts": review.conflicts,
    }
