"""The values that are sent to a worker: settings, looks and jobs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from rollout.git.person import Person
from rollout.model.action import Action
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired
from rollout.model.inventory import Target
from rollout.model.outcomes import Outcome, Run
from rollout.model.own_writes import RecordedWrite
from rollout.model.plan import State, Step
from rollout.model.reasons import Reason
from rollout.model.reviews import Standing
from rollout.objects.messages import CommitWords
from rollout.safety.secrets import NamedSecrets


class Settings(Struct, frozen=True):
    """What a unit of work needs besides its target; plain values, so that it can run anywhere."""

    state: Path
    person: Person
    offline: bool = False
    push: bool = True
    wait: float = 60.0  # seconds to wait for another process that uses the same store; readers do not wait


class Heard(Struct, frozen=True):
    """What a remote said a moment ago: the commit of a branch, or else why it did not answer."""

    tip: str = ""
    silent: str = ""
    at: float = math.inf  # when it was asked, in seconds since the epoch; what has no time is never out of date


class OneRemote(Struct, frozen=True):
    """Several targets with the same address, to be asked once where their branches are."""

    targets: tuple[Target, ...]
    settings: Settings


class Look(Struct, frozen=True):
    """One target to observe; plain values, so that a worker anywhere can do it."""

    target: Target
    desired: Desired
    settings: Settings
    decisions: Decisions
    asked: str = ""  # a digest of everything that decides what is desired
    heard: Heard | None = None  # if we asked a moment ago
    secrets: NamedSecrets = ()  # what must not get into a repository


class Glance(Struct, frozen=True):
    """One target to compare with what we remember of it, before rendering anything."""

    target: Target
    asked: str
    settings: Settings
    heard: Heard | None = None  # if we asked a moment ago


class RevertRequest(Struct, frozen=True):
    """What a run did to one target, to be undone; `desired` is what its templates ask for now.

    `writes` are its writes and those of the runs after it, oldest first, of each file of a folder. `reopen` proposes
    it even where a person declined that, or took the branch over.
    """

    target: Target
    outcome: Outcome
    run: str
    desired: Desired = Desired(())
    reopen: bool = False
    writes: Mapping[str, Sequence[RecordedWrite]] = field(default_factory=dict)


class Remembered(Struct, frozen=True):
    """What is remembered of a target: whether it was ever looked at here, and how its proposal stood then."""

    looked: bool
    standing: Standing | None = None


class Unfit(Exception):
    """The target cannot be worked on; `state` says in which way, `awaits` which decision would change that."""

    def __init__(self, state: State, why: Reason, awaits: Action | None = None) -> None:
        super().__init__(why.text)
        self.state = state
        self.why = why
        self.awaits = awaits


class Job(Struct, frozen=True):
    """One step to write in one run."""

    step: Step
    run: Run
    settings: Settings
    words: CommitWords = CommitWords()  # without any, a waiting commit keeps its own
    desired: Desired | None = None
