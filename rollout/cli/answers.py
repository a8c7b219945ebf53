"""What a person has decided on a terminal, and how to plan again with it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.cli.session import Session
from rollout.model.circumstances import Decisions, FileDecision
from rollout.model.files import Problem
from rollout.model.inventory import Target
from rollout.model.plan import Plan, Step
from rollout.planning import review
from rollout.targets.job import Settings


class FileAnswer(StrEnum):
    """What a person may answer about a file; SHOW, ALL and QUIT settle nothing by themselves."""

    SHOW = "show"
    OVERWRITE = "overwrite"
    MERGE = "merge"
    KEEP = "keep"
    TAKE = "take"
    EDIT = "edit"
    SKIP = "skip"
    ALL = "all"
    QUIT = "quit"


class Answers(Struct):
    """What a person has decided so far, and what they skipped."""

    files: list[FileDecision] = field(default_factory=list)
    skipped: set[tuple[str, PurePosixPath]] = field(default_factory=set)
    took: bool = False
    so_far: str = "nothing was changed"  # what is so if it ends now

    def over(self, decisions: Decisions) -> Decisions:
        return replace(decisions, files=(*decisions.files, *self.files))

    def again(self) -> bool:
        """Report once that a template was changed."""
        took, self.took = self.took, False
        return took


class Circle(Struct, frozen=True):
    """The inputs of the plan, to make it again with the answers."""

    settings: Settings
    decisions: Decisions
    problems: Mapping[str, tuple[Problem, ...]] = {}
    saved: bool = False  # it was reviewed: its bytes are written as they are, or not at all

    def again(self, at: Session, made: Plan, answers: Answers, targets: tuple[Target, ...]) -> tuple[Step, ...]:
        """Return the steps of these targets with the answers."""
        decisions = answers.over(self.decisions)
        if not self.saved:
            return at.plan(self.settings, decisions, targets, self.problems).steps
        names = {target.name for target in targets}
        return tuple(review.decided(step, decisions) for step in made.steps if step.target in names)
