"""A step while we write it, and the commit that we built for it."""

from __future__ import annotations

from msgspec import Struct

from rollout.forges.clients import Client, review_client, unasked
from rollout.forges.interface import ReviewPlace
from rollout.model.inventory import Branch
from rollout.model.plan import Change, Step
from rollout.model.reviews import Review, Via
from rollout.store.store import Store
from rollout.targets.branch.locate import Located
from rollout.targets.job import Job, Settings


class Task(Struct, frozen=True):
    """One step to write: the job, the places of its branch and its checkout, and the store that we hold for it."""

    job: Job
    at: Located
    store: Store
    where: Branch

    @property
    def step(self) -> Step:
        return self.job.step

    @property
    def proposes(self) -> bool:
        """Tell whether the changes go to a review and not to the branch itself."""
        return self.step.via is not Via.PUSH

    def reviews(self, branch: str) -> tuple[Client, ReviewPlace] | None:
        """Return how to ask the forge about the reviews of a branch of ours; None if nobody is logged in there."""
        patience = self.settings.person.patience
        return review_client(self.step.delivery, self.at.remote.url, self.where.branch, branch, patience)

    def unasked(self, review: Review | None) -> Review | None:
        """Return a review whose state is unknown, because nobody is logged in to its forge."""
        return unasked(review, self.step.delivery, self.at.remote.url)

    @property
    def keeps(self) -> tuple[Change, ...]:
        """Return the decisions to keep a file as others left it."""
        return tuple(change for change in self.step.changes if change.keep)

    @property
    def settings(self) -> Settings:
        return self.job.settings


class Built(Struct, frozen=True):
    """The commit to publish, its upstream base, its changes, and the first line of its message."""

    commit: str
    base: str
    changes: tuple[Change, ...] = ()
    subject: str = ""
