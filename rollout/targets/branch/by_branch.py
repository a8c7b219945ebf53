"""Propose on a branch of our own, rollout/ID; a person, the push or the forge opens the review."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.errors import GitError
from rollout.forges import asking
from rollout.forges.interface import Texts
from rollout.forges.known import forge_of
from rollout.forges.openings import opening
from rollout.forges.pushing import NewReview, Receipt
from rollout.forges.trouble import Trouble
from rollout.forges.ways import by_push
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import Change
from rollout.model.reasons import said
from rollout.model.reviews import Review, Standing, Via
from rollout.planning.proposals import not_opened
from rollout.remote import answers
from rollout.remote.answers import PushAnswer, Pushed
from rollout.remote.upstream import Unreachable
from rollout.store import proposals, push
from rollout.store.proposals import Carried
from rollout.store.push import Lease, NoOptions
from rollout.targets.branch.commit import commit
from rollout.targets.branch.outcome import outcome_of
from rollout.targets.branch.proposal import wanted as entries
from rollout.targets.branch.proposed import Unsupported, not_proposed, proposed, reworded, taken_over, texts_of, unknown
from rollout.targets.branch.task import Built, Task


def propose(task: Task, changes: list[Change], tip: str, wanted: NewReview) -> Outcome | Unsupported | None:
    """Propose the changes; None if the branch moved between our look and our push."""
    branch, there = _where(task)
    if there is not None and there.own is None:
        return taken_over(task, branch, there.who)
    if there is not None and there.parent == tip and there.after == entries(changes, tip):
        as_it_is = Built(there.commit, tip, tuple(changes), there.text.split("\n", 1)[0])
        texts = texts_of(task, changes, as_it_is.subject)
        return _opened(task, branch, as_it_is, _review(task), texts, renew=reworded(task))
    built = commit(task, tip, changes)
    lease = Lease(f"refs/heads/{branch}", None if there is None else there.commit)
    answer = _pushed(task, built, lease, wanted)
    if isinstance(answer, NoOptions):
        return Unsupported("the server does not support push options")
    try:
        now = proposals.refs_at(task.store, lease.ref).get(lease.ref)
    except Unreachable as error:
        return unknown(task, error, built)
    if now == built.commit:
        return _opened(task, branch, built, _told(task, answer), wanted.texts, renew=True)
    return (
        not_proposed(task, answer if not isinstance(answer, Receipt) else Pushed(), built) if now == lease.old else None
    )


def _where(task: Task) -> tuple[str, Carried | None]:
    """Return the branch for the proposal, and what is on it now."""
    first, planned = task.step.delivery.rules.branch, task.step.standing
    heads = proposals.heads(task.store, first)
    name = proposals.newest(first, heads)
    if name is None:
        return first, None
    if planned is not None and planned.taken_over and planned.branch == name and planned.head == heads[name]:
        return proposals.another(first, name), None  # a person decided so, or the step would not be written
    return name, proposals.carried(task.store, f"refs/heads/{name}", heads[name])


def _pushed(task: Task, built: Built, lease: Lease, wanted: NewReview) -> PushAnswer | Receipt | NoOptions:
    way = by_push(task.step.via)
    try:
        if way is None:
            return push.push(task.store, built.commit, built.base, lease)
        pushing = way.open(wanted) if lease.old is None else way.update(wanted)
        return push.offer(task.store, built.commit, pushing, lease)
    except (GitError, OSError) as error:
        return answers.unheard(error)


def _review(task: Task) -> Review | None:
    standing = task.step.standing
    return None if standing is None else standing.review


def _told(task: Task, answer: PushAnswer | Receipt) -> Review | None:
    """Return the review that the receiver named, or the known one of the branch."""
    way = by_push(task.step.via)
    told = way.state(answer) if way is not None and isinstance(answer, Receipt) else None
    return told or _review(task)


def _opened(task: Task, branch: str, built: Built, review: Review | None, texts: Texts, *, renew: bool) -> Outcome:
    """Open the review, or say where a person can."""
    asked = task.reviews(branch)
    told = task.unasked(review) if asked is None else review
    standing = Standing(branch, built.commit, same=True, on_tip=True, review=told)
    if asked is None or task.step.via is Via.ADDRESS:
        page = _where_a_person_opens_it(task, branch)
        return proposed(task, replace(standing, page=page), page if review is None else review.url, built)
    try:
        found, notes = asking.open_review(*asked, texts, renew=renew, known=review)
    except Trouble as trouble:
        if not task.step.via.opens_after:  # the push has opened it, and said what fits into its options
            return proposed(task, standing, review.url if review is not None else branch, built)
        proposed(task, replace(standing, page=not_opened(branch)), "", built)
        why = said(f"{branch} is pushed, but its review could not be opened: {trouble}")
        return outcome_of(task.step, Verdict.FAILED, why, built)
    outcome = proposed(task, replace(standing, review=found), found.url, built)
    return replace(outcome, notes=(*outcome.notes, *notes))


def _where_a_person_opens_it(task: Task, branch: str) -> str:
    url = task.at.remote.url
    return opening(forge_of(task.step.delivery, url), url, task.where.branch, branch)
