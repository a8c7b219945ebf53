"""Propose a step: our one commit on upstream's tip, in the first way that the server supports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from rollout.errors import GitError
from rollout.forges import lacks, ways
from rollout.forges.known import forge_of
from rollout.forges.pushing import NewReview
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import Change, Step
from rollout.model.reasons import said
from rollout.model.reviews import Proposed, ReviewAct, Standing, Via
from rollout.remote import answers
from rollout.remote.answers import Moved, Pushed, Rejected, Unheard
from rollout.showing import reviews
from rollout.store import heard, push
from rollout.store.push import Lease
from rollout.targets.branch import by_branch, by_ref, closing
from rollout.targets.branch.commit import words_of
from rollout.targets.branch.outcome import outcome_of
from rollout.targets.branch.proposed import Unsupported, take_back
from rollout.targets.branch.task import Task


def propose(task: Task, changes: list[Change], tip: str) -> Outcome | None:
    """Propose the changes on upstream's tip; None if the branch moved between our look and our push."""
    notes: list[str] = []
    for via in _ways(task):
        on = replace(task, job=replace(task.job, step=replace(task.step, via=via)))
        wanted = _wanted(on, changes)
        found = _proposed(on, changes, tip, wanted)
        if isinstance(found, Unsupported):
            notes.append(f"not by {via.value}: {found.why}")
            _without(task, via)
            continue
        return None if found is None else replace(found, notes=(*found.notes, *notes, *_left_out(via, wanted)))
    raise GitError("; ".join(notes))


def _proposed(task: Task, changes: list[Change], tip: str, wanted: NewReview) -> Outcome | Unsupported | None:
    if task.step.via.by_ref:
        return by_ref.propose(task, changes, tip, wanted)
    return by_branch.propose(task, changes, tip, wanted)


def _left_out(via: Via, wanted: NewReview) -> Iterator[str]:
    left_out = lacks.lacks(via, wanted.rules)
    if left_out is not None:
        yield left_out


def _ways(task: Task) -> Iterator[Via]:
    """Yield the way in the plan and the ways after it."""
    step = task.step
    begun = False
    for via in ways.ways(forge_of(step.delivery, task.at.remote.url), task.settings.person.patience):
        begun = begun or via is step.via
        if begun:
            yield via


def _wanted(task: Task, changes: list[Change]) -> NewReview:
    step = task.step
    words = reviews.words(step, changes, words_of(task, changes).split("\n", 1)[0])
    rules = step.delivery.rules
    return NewReview(task.where.branch, rules.branch, words.title, words.line, rules, words.body)


def _without(task: Task, via: Via) -> None:
    """Remember that a server does not support a way, so that plans show the way that is really used."""
    known = task.store.memory.memo().proposed or Proposed(Standing(task.step.delivery.rules.branch, done=True), "")
    task.store.memory.remember(proposed=replace(known, without=(*known.without, via)))


def clear_away(task: Task) -> Outcome:
    """Close a proposal that is no longer needed, and delete its branch while that is our commit alone."""
    step, standing = task.step, task.step.standing
    assert standing is not None
    if not (task.settings.push and not task.settings.offline):
        return outcome_of(step, Verdict.UNCHANGED, said(f"{_place(standing)} stays until a run may push"))
    why, short = _why_closed(step)
    done = closing.closed(task, standing, why)
    branch = Cleared() if standing.ref or done.left else _branch_gone(task, standing)
    if not done.left:  # what is still open may be merged: nothing of it is taken back yet
        take_back(task)
    tip = heard.tip(task.store)
    _remember(task, replace(standing, done=not (done.left or branch.again)))
    reverts = step.proposal is not None and bool(step.proposal.taken_back)
    verdict = Verdict.FAILED if reverts and done.left else Verdict.UNCHANGED
    outcome = outcome_of(step, verdict, said("; ".join(filter(None, (short, done.words, branch.words)))), base=tip)
    return replace(outcome, review=standing.told, act=ReviewAct.CLOSED if done.closed else None)


def _place(standing: Standing) -> str:
    return standing.branch if standing.review is None else standing.review.url


def _why_closed(step: Step) -> tuple[str, str]:
    """Return why a review is closed, as its readers are told, and in short."""
    if step.proposal is not None and step.proposal.taken_back:
        run = step.proposal.run
        return f"Run {run}, which proposed this, was reverted.", f"what run {run} proposed is taken back"
    if step.proposal is not None and step.proposal.dropped:
        return "What this proposes is not asked for any more.", "what was proposed is not asked for any more"
    why = f"{step.branch} has the same content by now, so there is nothing left to review."
    return why, "upstream has what was proposed"


def declined(task: Task) -> Outcome:
    """Delete the branch of a proposal that a person declined, if it is exactly our commit."""
    step, standing = task.step, task.step.standing
    assert standing is not None
    branch = _branch_gone(task, standing)
    _remember(task, replace(standing, gone=not branch.again))
    return replace(outcome_of(step, Verdict.BLOCKED, step.why, notes=(branch.words,)), review=standing.told)


def _remember(task: Task, standing: Standing) -> None:
    known = task.store.memory.memo().proposed or Proposed(standing, "")
    task.store.memory.remember(proposed=replace(known, standing=standing))


class Cleared(Struct, frozen=True):
    """What became of the branch of a proposal that is over; `again` if the next run has to try once more."""

    words: str = ""
    again: bool = False


def _branch_gone(task: Task, standing: Standing) -> Cleared:
    if not task.step.delivery.rules.delete_branch:
        return Cleared(f"{standing.branch} is kept")
    try:
        answer = push.delete(task.store, Lease(standing.at, standing.head))
    except (GitError, OSError) as error:
        answer = answers.unheard(error)
    match answer:
        case Pushed():
            return Cleared(f"the branch {standing.branch} is deleted")
        case Moved():
            return Cleared(f"the branch {standing.branch} stays (it has moved)")
        case Rejected(why) | Unheard(why):
            way = "the next run tries again; `review: {delete_branch: false}` keeps it"
            return Cleared(f"the branch {standing.branch} stays ({why}); {way}", again=True)
        case never:
            assert_never(never)
