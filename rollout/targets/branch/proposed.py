"""The result of proposing a step, in whichever way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from rollout.forges.interface import Texts
from rollout.forges.ways import by_push
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import Change
from rollout.model.reasons import said
from rollout.model.reviews import Opened, Proposed, Review, ReviewAct, Standing
from rollout.remote import answers
from rollout.remote.answers import Moved, PushAnswer, Pushed, Rejected
from rollout.remote.upstream import Unreachable
from rollout.showing import reviews
from rollout.store import keeping, pending
from rollout.targets.branch.outcome import outcome_of
from rollout.targets.branch.push import NotWritten, Unknown, not_arrived
from rollout.targets.branch.task import Built, Task


class Unsupported(Struct, frozen=True):
    """The server does not support this way; nothing is left of the attempt."""

    why: str


def proposed(task: Task, standing: Standing, where: str, built: Built) -> Outcome:
    """Remember the proposal's state and return the outcome; `where` is its address."""
    pending.drop(task.store)
    before = known_open(task)
    another = before is not None and standing.review is not None and standing.review.number != before.number
    act = ReviewAct.OPENED if another else _act(task, standing)
    reverts = any(change.reverts for change in task.step.changes)
    standing = replace(standing, opened=_opened(task, act), subject=built.subject, reverts=reverts)
    known = task.store.memory.memo().proposed
    digest = task.step.proposal.says if task.step.proposal is not None else ""
    keeping.proposed(task.store, task.step.changes)
    task.store.memory.remember(
        proposed=Proposed(standing, digest, known.without if known is not None else ()), in_sync=None
    )
    take_back(task)
    notes = [_ended(before)] if another and before is not None else []
    outcome = outcome_of(task.step, Verdict.PROPOSED, said(where), built, notes)
    return replace(outcome, review=standing.review, act=act)


def _opened(task: Task, act: ReviewAct | None) -> Opened | None:
    planned = task.step.standing
    now = Opened(task.job.run.id, task.job.run.epoch)
    return now if act in {ReviewAct.OPENED, ReviewAct.PUSHED} or planned is None else planned.opened


def _ended(review: Review) -> str:
    """Say that a person had ended a review: a push that would have updated it has opened another one."""
    unseen = f", which nobody could know {review.unknown}," if review.unknown else ""
    return f"{review.url} was ended{unseen} and this is another one"


def known_open(task: Task) -> Review | None:
    """Return the review that was open, as far as was known when the plan was made."""
    planned = task.step.standing
    return planned.review if planned is not None and planned.left else None


def _act(task: Task, standing: Standing) -> ReviewAct | None:
    """Tell whether a review was opened by this run, or was open before it; None for a branch moved once more."""
    planned = task.step.standing
    there = planned is not None and planned.left and not (task.step.via.opens_after and planned.review is None)
    if standing.review is None and by_push(task.step.via) is None:  # a person opens it, or has opened it unseen
        return None if there else ReviewAct.PUSHED
    return ReviewAct.UPDATED if there else ReviewAct.OPENED


def texts_of(task: Task, changes: Sequence[Change], subject: str) -> Texts:
    """Return what the review of our commit says."""
    words = reviews.words(task.step, changes, subject)
    return Texts(words.title, words.body, task.step.delivery.rules)


def reworded(task: Task) -> bool:
    """Tell whether the open review is to say the same in other words."""
    return task.step.proposal is not None and task.step.proposal.reworded


def take_back(task: Task) -> None:
    """Hold what goes out of the review, now that it is out."""
    told = task.step.proposal
    out = () if told is None else told.taken_back
    keeping.hold(task.store, task.job.run.id, {PurePosixPath(one.path): one.asks for one in out if one.asks})


def not_proposed(task: Task, answer: PushAnswer, built: Built) -> Outcome | None:
    """Return the outcome of a push that did not arrive; None if it should be tried again."""
    pending.drop(task.store)
    match not_arrived(answer):
        case Rejected(words):
            return outcome_of(task.step, Verdict.REJECTED, said("; ".join((words, *_way_in(task)))), built)
        case NotWritten(reason) | Unknown(reason):
            return outcome_of(task.step, Verdict.FAILED, said(f"the proposal was not pushed: {reason}"), built)
        case Pushed() | Moved():
            return None
        case never:
            assert_never(never)


def _way_in(task: Task) -> Iterator[str]:
    """Say how a server that takes no branch of ours takes one."""
    if not task.step.via.by_ref:
        branch = task.step.delivery.rules.branch
        yield f"if this account may not push {branch}, allow it that: rollout opens no review from a fork"


def taken_over(task: Task, what: str, who: str) -> Outcome:
    return outcome_of(task.step, Verdict.BLOCKED, said(f"{what} was taken over by {who}; nothing was pushed"))


def unknown(task: Task, error: Unreachable, built: Built) -> Outcome:
    reason = said(answers.unseen(error))
    return outcome_of(task.step, Verdict.UNKNOWN, reason, Built(built.commit, built.base))
