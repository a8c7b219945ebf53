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
    """How a change is delivered."""

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
        """Tell whether the change goes to refs/for/BRANCH; the forge then names the real ref."""
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
    """A forge: its software, and the address of its HTTP interface, with the path of the version."""

    kind: ForgeKind
    api: str | None = None


class Key(Struct, frozen=True):
    """A key of the inventory, and the line of its value."""

    name: str
    line: int


class Rules(Struct, frozen=True):
    """The inventory's settings for reviews; a title or body of None leaves the text to us."""

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
    title_key: Key | None = None  # where the title stands
    body_key: Key | None = None

    @property
    def branch(self) -> str:
        return f"rollout/{self.id}"


class Origin(Struct, frozen=True):
    """Which inventory proposes, as a word that reveals no path, and its commit."""

    inventory: str = ""
    commit: str | None = None


class Delivery(Struct, frozen=True):
    """How one target's changes are delivered; `forge` is the target's own, `forges` are told by host."""

    deliver: Deliver = Deliver.PUSH
    rules: Rules = Rules()
    forge: Forge | None = None
    forges: Mapping[str, Forge] = field(default_factory=dict)
    origin: Origin = Origin()
    may: tuple[str, ...] = ()  # what a target may set in its own .rollout.yaml


class ReviewState(StrEnum):
    """The state of a review."""

    OPEN = "open"
    MERGED = "merged"
    DECLINED = "declined"
    TAKEN_OVER = "taken-over"


class ReviewAct(StrEnum):
    """What a run did with a review; it has pushed a branch where a person is the one to open its review."""

    PUSHED = "pushed"
    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"
    MERGED = "merged"
    COMMENTED = "commented"


class Checks(StrEnum):
    """The result of the forge's checks of a review."""

    GREEN = "green"
    RED = "red"
    PENDING = "pending"
    NONE = "none"
    UNKNOWN = "unknown"


class Review(Struct, frozen=True):
    """One review as its forge reports it; what the forge does not report is None, "" or unknown."""

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
    marker: Marker | None = None  # the marker in its text
    unknown: str = ""  # why its forge did not tell what became of it, in words
    place: str = ""  # where it is, in words, if the address of its page is not known

    @property
    def named(self) -> str:
        """Return the address of its page, or else where it is in words."""
        return self.url or self.place

    @property
    def shown(self) -> str:
        """Return its state for people."""
        return self.state.value if not self.unknown else "not known"


class TakenBack(Struct, frozen=True):
    """A file that goes out of an open review, and what its template asks for, where it has one."""

    path: str
    asks: str | None = None


class Proposal(Struct, frozen=True):
    """The proposal of a step: a digest of its change, and the inventory's own words, if any."""

    says: str
    title: str | None = None
    body: str | None = None
    taken_back: tuple[TakenBack, ...] = ()  # by a revert of the run that proposed them
    run: str = ""  # the run that is reverted
    dropped: bool = False  # upstream does not have what the open review says
    reworded: bool = False  # the open review is to say the same in other words


class Opened(Struct, frozen=True):
    """The run that opened a review, as far as that is known, and when, in seconds since the epoch."""

    run: str
    at: int


class Standing(Struct, frozen=True):
    """How the proposal of a target stands: the branch that carries it, its commit, and what its forge says.

    `same` says that the commit makes exactly the changes that are asked for, `on_tip` that it stands on upstream's tip.
    """

    branch: str
    head: str | None = None
    ours: bool = True
    same: bool = False
    on_tip: bool = False
    who: str = ""  # the author of the commit on the branch, if it is not ours
    foreign: str = ""  # why the branch is not this inventory's
    declined: str = ""  # why it counts as declined
    done: bool = False  # upstream has the change, and the rest of the proposal has been removed
    review: Review | None = None
    ref: str = ""  # the ref that holds it, if the forge made one
    key: str = ""  # the forge's id of the change
    gone: bool = False  # the branch is no longer there
    subject: str = ""  # of our commit
    opened: Opened | None = None
    page: str = ""  # where a person opens its review
    words: str = ""  # a person's words in it, while it says what is asked for
    reverts: bool = False  # it puts back what a run had changed, so no template asks for it

    @property
    def at(self) -> str:
        return self.ref or f"refs/heads/{self.branch}"

    @property
    def on_branch(self) -> bool:
        """Tell whether a branch of ours holds it, as we last saw."""
        return not self.ref and not self.gone

    @property
    def taken_over(self) -> bool:
        return self.head is not None and not self.ours and not self.foreign

    @property
    def told(self) -> Review | None:
        """Return the review for display: that a person took it over is part of its state."""
        if self.review is None or not self.taken_over or self.review.state is not ReviewState.OPEN:
            return self.review
        return replace(self.review, state=ReviewState.TAKEN_OVER)

    @property
    def left(self) -> bool:
        """Tell whether our own commit is on the branch, and not cleared away."""
        return self.head is not None and self.ours and not (self.foreign or self.declined or self.done)


class Proposed(Struct, frozen=True):
    """The state of a proposal when we last looked, and the digest of its change."""

    standing: Standing
    says: str
    without: tuple[Via, ...] = ()  # the ways that were tried and that the server does not have
