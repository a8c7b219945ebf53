"""What crosses to a worker: settings, looks and jobs."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from rollout.git.person import Person
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired
from rollout.model.inventory import Target
from rollout.model.outcomes import Run
from rollout.model.plan import Action, State, Step
from rollout.objects.messages import Words


class Settings(Struct, frozen=True):
    """What a unit of work needs besides its target; plain values, so that it can run anywhere."""

    state: Path
    person: Person
    offline: bool = False
    push: bool = True
    wait: float = 60.0  # seconds to wait for another process that uses the same workshop; a reader does not


class Look(Struct, frozen=True):
    """One target to be observed; plain values, so that a worker anywhere can do it."""

    target: Target
    desired: Desired
    settings: Settings
    decisions: Decisions
    asked: str = ""  # all that decides what is desired, in one word
    heard: str | None = None  # upstream's commit, where it was asked a moment ago


class Glance(Struct, frozen=True):
    """One target to be held against what is remembered of it, before anything is rendered."""

    target: Target
    asked: str
    settings: Settings


class Unfit(Exception):
    """The target cannot be worked on; `state` says in which way, `awaits` which decision would change that."""

    def __init__(self, state: State, reason: str, awaits: Action | None = None) -> None:
        super().__init__(reason)
        self.state = state
        self.awaits = awaits


class Job(Struct, frozen=True):
    """One step to be written in one run."""

    step: Step
    run: Run
    settings: Settings
    words: Words = Words()  # none keep those of a commit that waits
    desired: Desired | None = None
