"""Decide what to publish: the waiting commit if it is exactly right, else a new one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rollout.errors import GitError
from rollout.forges import gerrit
from rollout.model.outcomes import Identity
from rollout.model.plan import Change
from rollout.model.reviews import Via
from rollout.objects import messages
from rollout.store import build, pending, proposals
from rollout.store.pending import Pending
from rollout.targets.branch.task import Built, Task


def words_of(task: Task, changes: Iterable[Change]) -> str:
    """Return the words of a commit: a person's, of this run or in the proposal that it renders again, else ours."""
    if task.job.words.message:
        return task.job.words.message
    ours, standing = messages.default_subject(change.path for change in changes), task.step.standing
    kept = standing.words if standing is not None and task.proposes and standing.left else ""
    subject, _, more = kept.partition("\n")
    return f"{subject or ours}\n{more}"


def commit(task: Task, tip: str, changes: Sequence[Change]) -> Built:
    """Return the commit to publish on upstream's tip; build it unless it is waiting already."""
    waiting = pending.read(task.store)
    if waiting is not None and waiting.parent == tip and _same(task, waiting, changes):
        return Built(waiting.commit, tip, tuple(changes), waiting.subject)
    identity = _identity(task)
    text = _message(task, waiting, changes, identity)
    made = build.commit(task.store, tip, changes, task.job.run, identity, text)
    return Built(made, tip, tuple(changes), text.split("\n", 1)[0])


def _message(task: Task, pending: Pending | None, changes: Sequence[Change], identity: Identity) -> str:
    if pending is not None and _keeps_message(task, pending):
        return pending.message
    trailers = _trailers(task, identity)
    return messages.message(words_of(task, changes), task.job.run, task.step.target, (*changes, *task.keeps), trailers)


def _same(task: Task, pending: Pending, changes: Iterable[Change]) -> bool:
    """Tell whether the waiting commit makes these changes and has the message that was asked for."""
    if dict(pending.files) != {change.path: (change.before, change.after) for change in changes}:
        return False
    if _keeps_message(task, pending):
        return True
    wanted = words_of(task, changes)
    asked = (*_trailers(task, _identity(task)), *messages.keeps((*changes, *task.keeps)))
    return pending.subject == wanted.split("\n", 1)[0] and set(asked) <= set(pending.message.split("\n"))


def _trailers(task: Task, identity: Identity) -> tuple[str, ...]:
    """Return the wanted trailers; a proposal also names its inventory."""
    asked = task.job.words.lines(identity.committer)
    inventory = task.step.delivery.origin.inventory
    return (*asked, *(_of_proposal(task, inventory) if task.proposes else ()))


def _of_proposal(task: Task, inventory: str) -> Iterator[str]:
    name, via = topic(task), task.step.via
    if inventory:
        yield f"{messages.INVENTORY}{inventory}"
    if via.by_ref and name != task.step.delivery.rules.branch:
        yield f"{messages.TOPIC}{name}"
    if via is Via.GERRIT:
        yield f"Change-Id: {change_id(task)}"


def topic(task: Task) -> str:
    """Return the name that the forge has for the proposal; a new one if it is started again."""
    first, standing = task.step.delivery.rules.branch, task.step.standing
    if standing is None:
        return first
    begins_again = standing.taken_over or standing.declined
    return proposals.another(first, standing.branch) if begins_again else standing.branch


def change_id(task: Task) -> str:
    """Return the Change-Id of a proposal: the open one's, or one that follows from our last commit upstream."""
    step, standing = task.step, task.step.standing
    if standing is not None and standing.key and standing.left:
        return standing.key
    again = (step.base or "",) if standing is not None and (standing.declined or standing.taken_over) else ()
    newest = task.store.memory.memo().newest or ""
    return gerrit.change_id(step.delivery.origin.inventory, step.target, step.branch or "", newest, *again)


def _keeps_message(task: Task, pending: Pending) -> bool:
    """Tell whether the new commit replaces the one that the plan saw waiting, and so keeps its message and its run."""
    return not task.job.words.given and task.step.pending == pending.commit


def _identity(task: Task) -> Identity:
    person = task.settings.person
    if person.identity is None:
        raise GitError(person.fault or "no git identity is configured")
    return person.identity
