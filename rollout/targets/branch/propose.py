"""Propose a step: our one commit on upstream's tip, on a branch of its own that a person reviews."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.errors import GitError, GitTimeout
from rollout.forges.known import forge_of
from rollout.forges.openings import opening
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import Change
from rollout.model.reasons import said
from rollout.model.reviews import Proposed, Review, Standing
from rollout.remote.answers import Answer, Pushed, Refused, Unheard
from rollout.remote.upstream import Unreachable
from rollout.safety.faults import first_line
from rollout.store import heard, pending, proposals, push
from rollout.store.proposals import Carried
from rollout.store.push import Lease
from rollout.targets.branch.commit import commit
from rollout.targets.branch.outcome import outcome_of
from rollout.targets.branch.proposal import wanted
from rollout.targets.branch.push import NotWritten, Unknown, not_arrived
from rollout.targets.branch.task import Built, Task


def propose(task: Task, changes: list[Change], tip: str) -> Outcome | None:
    """Propose the changes on upstream's tip; None where the branch moved between our look and our push."""
    branch, there = _where(task)
    if there is not None and there.own is None:
        return outcome_of(
            task.step, Verdict.BLOCKED, said(f"{branch} was taken over by {there.who}; nothing was pushed")
        )
    if there is not None and there.parent == tip and there.after == wanted(changes, tip):
        return _opened(task, branch, Built(there.commit, tip, tuple(changes)))
    built = commit(task, tip, changes)
    lease = Lease(f"refs/heads/{branch}", None if there is None else there.commit)
    failed = _pushed(task, built, branch, lease)
    if failed is _MOVED:
        return None
    return failed or _opened(task, branch, built)


def _where(task: Task) -> tuple[str, Carried | None]:
    """Return the branch that is to carry the proposal and what is on it now."""
    first, planned = task.step.delivery.rules.branch, task.step.standing
    heads = proposals.heads(task.store, first)
    name = proposals.newest(first, heads)
    if name is None:
        return first, None
    if planned is not None and planned.taken_over and planned.branch == name and planned.head == heads[name]:
        return proposals.another(first, name), None  # a person said so, or the step would not be written
    return name, proposals.carried(task.store, name, heads[name])


_MOVED = Outcome("", Verdict.STALE)


def _pushed(task: Task, built: Built, branch: str, lease: Lease) -> Outcome | None:
    """Push our commit to its branch; return what came of it where it is not there then."""
    answer = _answer(task, built, lease)
    try:
        now = proposals.heads(task.store, task.step.delivery.rules.branch).get(branch)
    except Unreachable as error:
        reason = f"the server did not answer after the push ({first_line(str(error))})"
        return outcome_of(task.step, Verdict.UNKNOWN, said(reason), Built(built.commit, built.base))
    if now == built.commit:
        return None
    pending.drop(task.store)
    if now != lease.old:
        return _MOVED
    match not_arrived(answer):
        case Refused(words):
            return outcome_of(task.step, Verdict.REJECTED, said(words), built)
        case NotWritten(reason) | Unknown(reason):
            return outcome_of(task.step, Verdict.FAILED, said(f"{branch} was not pushed: {reason}"), built)
        case _:
            return _MOVED


def _answer(task: Task, built: Built, lease: Lease) -> Answer:
    try:
        return push.push(task.store, built.commit, built.base, lease)
    except GitTimeout:
        return Unheard("the server did not answer within the time limit", late=True)
    except (GitError, OSError) as error:
        return Unheard(first_line(str(error)))


def _opened(task: Task, branch: str, built: Built) -> Outcome:
    """Open the review, or say where a person does that."""
    review: Review | None = None
    step = task.step
    pending.drop(task.store)
    standing = Standing(branch, built.commit, same=True, on_tip=True, review=review)
    digest = step.proposal.says if step.proposal is not None else ""
    task.store.memory.remember(proposed=Proposed(standing, digest))
    url = task.at.remote.url
    where = opening(forge_of(step.delivery, url), url, task.where.branch, branch)
    return replace(outcome_of(step, Verdict.PROPOSED, said(where), built), review=review)


def clear_away(task: Task) -> Outcome:
    """Close what is left of a proposal whose content upstream has, and delete its branch while that is ours alone."""
    step, standing = task.step, task.step.standing
    assert standing is not None
    note = _branch_gone(task, standing) if step.delivery.rules.delete_branch else f"{standing.branch} is kept"
    tip = heard.tip(task.store)
    done = replace(standing, done=True)
    task.store.memory.remember(proposed=Proposed(done, step.proposal.says if step.proposal is not None else ""))
    return outcome_of(step, Verdict.UNCHANGED, said(f"upstream has what was proposed; {note}"), base=tip)


def _branch_gone(task: Task, standing: Standing) -> str:
    lease = Lease(f"refs/heads/{standing.branch}", standing.head)
    try:
        answer = push.delete(task.store, lease)
    except (GitError, OSError) as error:
        answer = Unheard(first_line(str(error)))
    if isinstance(answer, Pushed):
        return f"the branch {standing.branch} is deleted"
    why = answer.words if isinstance(answer, Refused) else "it is not where it was"
    return f"the branch {standing.branch} stays ({why})"
