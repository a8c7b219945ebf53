"""Close the review of a proposal."""

from __future__ import annotations

from rollout.forges import asking
from rollout.forges.clients import client
from rollout.forges.interface import Place
from rollout.forges.known import forge_of, project_of
from rollout.model.reviews import Standing
from rollout.targets.branch.task import Task


def closed(task: Task, standing: Standing, why: str) -> str:
    """Have the forge close what is open of a proposal; say what came of it, or nothing where nobody is logged in."""
    url = task.at.remote.url
    asked = client(forge_of(task.step.delivery, url), task.settings.person.patience)
    if asked is None:
        return ""
    return asking.closed(asked, Place(project_of(url), task.where.branch, standing.branch), why)
