"""What happened to a target in a run, and the run itself."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from rollout.model.action import Action
from rollout.model.inventory import TargetKind
from rollout.model.reasons import NONE, Reason, dated
from rollout.model.reviews import Review, ReviewAct


class Verdict(StrEnum):
    """What happened to one target in a run."""

    PUSHED = "pushed"
    COMMITTED = "committed"
    WRITTEN = "written"
    PROPOSED = "proposed"
    UNCHANGED = "unchanged"
    BLOCKED = "blocked"
    STALE = "stale"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    FAILED = "failed"
    NOT_STARTED = "not-started"


class Author(Struct, frozen=True):
    """The author or committer of a commit, from the person's own git configuration."""

    name: str
    email: str

    @property
    def shown(self) -> str:
        return f"{self.name} <{self.email}>"


class Identity(Struct, frozen=True):
    author: Author
    committer: Author
    sign: bool = False
    signing: tuple[str, ...] = ()  # the person's settings by which git finds their key, as NAME=VALUE


class RunCommand(StrEnum):
    """The commands that make a run."""

    APPLY = "apply"
    PUSH = "push"
    REVERT = "revert"
    REVIEW = "review"


class Run(Struct, frozen=True):
    """One execution of a command that writes; its time dates every commit it makes."""

    id: str
    command: RunCommand
    started_at: str
    epoch: int
    subject: str
    plan: str = ""
    digest: str = ""


class WrittenPath(Struct, frozen=True):
    """One path that an outcome changed, by the fingerprints before and after."""

    path: str
    action: Action
    before: str | None
    after: str | None


class NotFollowed(Struct, frozen=True):
    """Why the checkout was not brought to upstream's commit; where there is none yet, why it was not cloned."""

    why: str
    cloning: bool = False

    @property
    def words(self) -> str:
        return f"checkout {'not cloned' if self.cloning else 'left as it is'}: {self.why}"


Note = str | NotFollowed  # what a person should know although the outcome stands


def _joined(reason: str, notes: Iterable[Note]) -> str:
    return "; ".join(filter(None, (reason, *map(_words, notes))))


def _words(note: Note) -> str:
    match note:
        case str():
            return note
        case NotFollowed():
            return note.words
        case never:
            assert_never(never)


class Outcome(Struct, frozen=True):
    target: str
    verdict: Verdict
    why: Reason = NONE
    base: str | None = None
    commit: str | None = None
    duration_ms: int = 0
    kind: TargetKind = TargetKind.REPO
    branch: str | None = None
    paths: tuple[WrittenPath, ...] = ()
    notes: tuple[Note, ...] = ()
    awaits: Action | None = None  # the decision that a blocked target waits for
    review: Review | None = None
    act: ReviewAct | None = None  # what was done with it
    moved: bool = False  # its checkout was brought to upstream's commit, or cloned
    aside: bool = False  # it tells of its review alone, or that the rest was no work for the command

    @property
    def reason(self) -> str:
        return self.why.text

    @property
    def review_act(self) -> str | None:
        """Return what was done with its review; nothing where a person has yet to open it."""
        return None if self.act in {None, ReviewAct.PUSHED} else self.act

    @property
    def told(self) -> str:
        """Return the reason and the notes as they are shown and recorded."""
        return _joined(self.reason, self.notes)

    @property
    def recorded(self) -> str:
        """Return the outcome for the record: with dates, for those who read it later."""
        return _joined(dated(self.why).text, self.notes)

    @property
    def checkout(self) -> str | None:
        """Return why its checkout did not follow or was not cloned, with the notes after that; None if it did."""
        at = next((place for place, note in enumerate(self.notes) if isinstance(note, NotFollowed)), None)
        return None if at is None else _joined("", self.notes[at:])


# The outcomes that changed something.
CHANGED = frozenset({Verdict.PUSHED, Verdict.COMMITTED, Verdict.WRITTEN, Verdict.PROPOSED})


class TargetOutcomes(Struct, frozen=True):
    """What the runs of a rollout did to one target."""

    changes: tuple[Outcome, ...]  # those that changed it, in order
    last: Outcome  # the last outcome

    @property
    def paths(self) -> tuple[WrittenPath, ...]:
        """Return what changed over all runs: from before the first to after the last."""
        found: dict[str, WrittenPath] = {}
        for outcome in self.changes:
            for written in outcome.paths:
                first = found.get(written.path, written)
                found[written.path] = WrittenPath(written.path, first.action, first.before, written.after)
        return tuple(found.values())

    @property
    def open(self) -> bool:
        """Tell whether the last run left something to do here."""
        return self.last.verdict not in CHANGED | {Verdict.UNCHANGED}


class PastRun(Struct, frozen=True):
    """A run as the ledger remembers it; `exit_code` is None for one that never ended."""

    run: str
    command: RunCommand
    subject: str
    started_at: str
    finished_at: str | None
    plan: str
    digest: str
    exit_code: int | None
    outcomes: tuple[Outcome, ...] = ()
    at_work: bool = False  # it has not ended because it is still at work


class LastOutcome(Struct, frozen=True):
    """The ledger's last outcome of a target that tells how it stands, and when we last changed it."""

    verdict: Verdict
    reason: str
    commit: str | None
    run: str
    recorded_at: str
    applied_at: str | None = None  # when we last changed it
    applied: Verdict | None = None  # and how
    checkout: str | None = None  # why its checkout did not follow or was not cloned, if it was not
