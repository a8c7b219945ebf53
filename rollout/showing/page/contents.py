"""The content of the page: a value, made by `pages`, shortened by `fitting`, written by `html`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Attention(StrEnum):
    """How much of the reader's attention a target needs."""

    NEEDS_YOU = "needs you"
    WAITING = "waiting"
    FINE = "fine"


class Commit(Struct, frozen=True):
    """A commit, and the address of the page that its forge has for it."""

    id: str
    url: str = ""

    @property
    def short(self) -> str:
        return self.id[:10]


class ReviewLink(Struct, frozen=True):
    """A review in words, with its address."""

    url: str
    words: str


class FileLine(Struct, frozen=True):
    """One managed file that is not as it should be; `diff` is its number among the page's diffs."""

    path: str
    action: str
    cause: str
    diff: int | None = None


class Diff(Struct, frozen=True):
    """One difference, shown once, with its targets; without its text it was left out."""

    number: int
    path: str
    targets: tuple[str, ...]
    text: str | None

    @property
    def shared(self) -> bool:
        return len(self.targets) > 1


class TargetShown(Struct, frozen=True):
    """One target: its line, and what it shows when opened."""

    name: str
    state: str
    branch: str
    reason: str = ""
    commit: Commit | None = None
    changed_at: str = ""  # when rollout last changed it
    changed: str = ""  # and how
    run: str = ""  # the last run that included it
    command: str = ""  # what to type next
    choices: tuple[str, ...] = ()  # and the commands to choose from for a decision
    files: tuple[FileLine, ...] = ()
    who: tuple[str, ...] = ()  # who changed what since rollout wrote it
    notes: tuple[str, ...] = ()
    review: ReviewLink | None = None
    opens: bool = True  # it has more to show than its line


class Cluster(Struct, frozen=True):
    """Targets in the same state for the same reason, so that it is said once."""

    state: str
    reason: str
    command: str
    entries: tuple[TargetShown, ...]


class Group(Struct, frozen=True):
    attention: Attention
    clusters: tuple[Cluster, ...]

    @property
    def size(self) -> int:
        return sum(len(cluster.entries) for cluster in self.clusters)


class SameOutcome(Struct, frozen=True):
    """The same outcome of one run for several targets."""

    outcome: str
    reason: str
    targets: tuple[str, ...]
    more: int = 0  # targets that are not named


class RunShown(Struct, frozen=True):
    """One run in the timeline."""

    run: str
    command: str
    subject: str
    started_at: str
    ended: str  # in a word: done, partly done, refused, interrupted, at work
    took: str
    counts: tuple[tuple[str, int], ...]
    happened: tuple[SameOutcome, ...] = ()


class Bar(Struct, frozen=True):
    """One bar of a plot, and its text."""

    x: float
    y: float
    width: float
    height: float
    says: str


class Plot(Struct, frozen=True):
    """A plot in its own units, with the labels of its axes and the same content in words."""

    title: str
    says: str
    width: int
    height: int
    bars: tuple[Bar, ...] = ()
    line: str = ""  # points of a line, and of the area below it
    area: str = ""
    top: str = ""
    first: str = ""
    last: str = ""


class Events(Struct, frozen=True):
    """The event store: figures, plots, and a small plot for each type; or why it could not be asked."""

    figures: tuple[tuple[str, str], ...] = ()
    plots: tuple[Plot, ...] = ()
    types: tuple[tuple[str, str, Plot], ...] = ()  # name, number of events, their days
    days: tuple[tuple[str, str], ...] = ()
    trouble: str = ""


class Page(Struct, frozen=True):
    """The whole content of the page."""

    title: str
    sentence: str
    inventory: str
    as_of: str
    asked_at: str
    counts: tuple[tuple[str, int], ...]
    groups: tuple[Group, ...]
    diffs: tuple[Diff, ...] = ()
    runs: tuple[RunShown, ...] = ()
    more_runs: int = 0
    events: Events | None = None
    left_out: tuple[str, ...] = ()
    version: str = ""

    @property
    def total(self) -> int:
        return sum(group.size for group in self.groups)
