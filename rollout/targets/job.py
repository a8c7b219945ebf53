"""What crosses to a worker: settings and jobs."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from rollout.git.person import Person
from rollout.model.files import Desired
from rollout.model.outcomes import Run
from rollout.model.plan import State, Step
from rollout.objects.messages import Words


class Settings(Struct, frozen=True):
    """What a unit of work needs besides its target; plain values, so that it can run anywhere."""

    state: Path
    person: Person
    offline: bool = False
    push: bool = True
    wait: float = 60.0  # seconds to wait for another process that uses the same store; a reader does not


class Unfit(Exception):
    """The target cannot be worked on; `state` says in which way."""

    def __init__(self, state: State, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class Job(Struct, frozen=True):
    """One step to be written in one run."""

    step: Step
    run: Run
    settings: Settings
    words: Words = Words()  # none keep those of a commit that waits
    desired: Desired | None = None
