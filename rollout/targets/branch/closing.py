"""Close the review of a proposal."""

from __future__ import annotations

from rollout.forges import asking
from rollout.forges.asking import Closing
from rollout.model.reviews import Standing
from rollout.targets.branch.task import Task


def closed(task: Task, standing: Standing, why: str) -> Closing:
    """Let the forge close the open review of a proposal; return what came of it."""
    asked = task.reviews(standing.branch)
    return Closing(_by_hand(task, standing)) if asked is None else asking.closed(*asked, why, standing.head)


def _by_hand(task: Task, standing: Standing) -> str:
    """Say which review a person has to close: git alone cannot, and does not tell of one that was merged."""
    told, review = task.step.proposal, standing.review
    if not (review is not None or standing.ref):
        return ""
    place = review.url if review is not None and review.url else standing.branch
    unmerged = told is not None and (told.dropped or bool(told.taken_back))
    perhaps = "" if unmerged else ", if it is still open"
    return f"nobody is logged in to close {place}{perhaps}; close it by hand"
