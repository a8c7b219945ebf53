"""Propose by a push to refs/for/BRANCH, from which the forge makes a review on a ref that it names (AGit, Gerrit)."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.errors import GitError
from rollout.forges import asking, gerrit
from rollout.forges.interface import Texts
from rollout.forges.known import forge_of
from rollout.forges.openings import pull_request
from rollout.forges.pushing import NewReview, Pushing, Receipt
from rollout.forges.ways import by_push
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import Change
from rollout.model.reasons import Way, WayOut, said
from rollout.model.reviews import Proposed, Review, Standing, Via
from rollout.remote import answers
from rollout.remote.answers import PushAnswer, Rejected
from rollout.remote.upstream import Unreachable
from rollout.store import pending, proposals, push
from rollout.store.push import Lease, NoOptions
from rollout.targets.branch.commit import change_id, commit, topic
from rollout.targets.branch.outcome import outcome_of
from rollout.targets.branch.proposal import wanted as entries
from rollout.targets.branch.proposed import (
    Unsupported,
    known_open,
    not_proposed,
    proposed,
    reworded,
    taken_over,
    texts_of,
    unknown,
)
from rollout.targets.branch.task import Built, Task


def propose(task: Task, changes: list[Change], tip: str, wanted: NewReview) -> Outcome | Unsupported | None:
    """Propose the changes; the forge moves its own ref, and refuses a push that is out of date."""
    standing = task.step.standing
    if standing is not None and standing.left and _moved_since(task, standing):
        return taken_over(task, standing.ref, "somebody since the plan was made")
    if standing is not None and standing.left and standing.on_tip and _is_there(task, standing, changes, tip):
        if reworded(task):
            standing = _in_other_words(task, standing, texts_of(task, changes, standing.subject))
        as_it_is = Built(standing.head or "", tip, tuple(changes), standing.subject)
        return proposed(task, standing, _address(task, standing.review), as_it_is)
    built = commit(task, tip, changes)
    way = by_push(task.step.via)
    assert way is not None
    wanted = replace(wanted, topic=topic(task))
    pushing = way.open(wanted) if standing is None or not standing.left else way.update(wanted)
    answer = _pushed(task, built, pushing)
    if isinstance(answer, NoOptions):
        return Unsupported("the server does not support push options")
    try:
        return _judged(task, built, answer, pushing.ref)
    except Unreachable as error:
        return unknown(task, error, built)


def _in_other_words(task: Task, standing: Standing, texts: Texts) -> Standing:
    """Have the forge's interface renew the words: a push of the same commit does nothing."""
    asked = task.reviews(standing.branch)
    if asked is None:
        return standing
    found, _ = asking.open_review(*asked, texts, renew=True, known=standing.review)
    return replace(standing, review=found)


def _moved_since(task: Task, standing: Standing) -> bool:
    """Tell whether somebody has added a commit to the change since we looked at it."""
    return bool(standing.ref) and proposals.refs_at(task.store, standing.ref).get(standing.ref) != standing.head


def _is_there(task: Task, standing: Standing, changes: list[Change], tip: str) -> bool:
    if standing.head is None:
        return False
    there = proposals.carried(task.store, standing.at, standing.head)
    return there.parent == tip and there.after == entries(changes, tip)


def _pushed(task: Task, built: Built, pushing: Pushing) -> PushAnswer | Receipt | NoOptions:
    try:
        return push.offer(task.store, built.commit, pushing)
    except (GitError, OSError) as error:
        return answers.unheard(error)


def _judged(task: Task, built: Built, answer: PushAnswer | Receipt, ref: str) -> Outcome | Unsupported | None:
    plain = [(found, at) for found, at in _plain_refs(task, ref) if at == built.commit]
    if plain:
        return _plain_ref(task, *plain[0])
    if isinstance(answer, Receipt):
        return _made(task, built, answer)
    if isinstance(answer, Rejected) and task.step.via is Via.GERRIT and gerrit.has_it_already(answer.words):
        return _made(task, built, Receipt(ref, answer.words))
    if isinstance(answer, Rejected) and task.step.via is Via.GERRIT and gerrit.closed(answer.words):
        return _declined(task, built, answer.words)
    left = [(found, at) for found, at in _plain_refs(task, ref) if _is_ours(task, found, at)]
    return _plain_ref(task, *left[0]) if left else not_proposed(task, answer, built)


def _plain_refs(task: Task, ref: str) -> list[tuple[str, str]]:
    """Return the refs of this very name upstream, with their commits: a server that knows reviews has none."""
    found = proposals.refs_at(task.store, *dict.fromkeys((ref, ref.partition("%")[0])))
    return [(name, found[name]) for name in (ref, ref.partition("%")[0]) if name in found]


def _is_ours(task: Task, ref: str, commit: str) -> bool:
    """Tell whether a plain ref has a commit of ours alone: a run was killed before it could delete it."""
    there = proposals.carried(task.store, ref, commit)
    return there.own == commit and there.inventory == task.step.delivery.origin.inventory


def _plain_ref(task: Task, ref: str, commit: str) -> Unsupported:
    """Delete a plain ref that the server made from a push, if it is still there: it does not know reviews."""
    push.delete(task.store, Lease(ref, commit))
    left = proposals.refs_at(task.store, ref).get(ref)
    what = f"it made {ref} a plain ref" + (", which could not be deleted" if left == commit else "")
    return Unsupported(f"the server makes no review of a push; {what}")


def _made(task: Task, built: Built, told: Receipt) -> Outcome:
    way = by_push(task.step.via)
    review = None if way is None else way.state(told)
    known = known_open(task)
    if review is not None and review.number is not None and not review.url:
        url = task.at.remote.url
        review = pull_request(forge_of(task.step.delivery, url), url, review.number)
    ref = told.ref if told.ref.startswith(("refs/pull/", "refs/changes/")) else _patch_set(task, built, review or known)
    key = change_id(task) if task.step.via is Via.GERRIT else ""
    review = review or known
    review = task.unasked(review) if task.reviews(topic(task)) is None else review
    standing = Standing(topic(task), built.commit, same=True, on_tip=True, review=review, ref=ref, key=key)
    return proposed(task, standing, _address(task, review), built)


def _patch_set(task: Task, built: Built, review: Review | None) -> str:
    """Return the ref of the patch set of a Gerrit change that is our commit; "" if the server does not show it."""
    if review is None or review.number is None:
        return ""
    there = proposals.refs_at(task.store, f"refs/changes/{review.number % 100:02}/{review.number}/*")
    return next((ref for ref, commit in there.items() if commit == built.commit), "")


def _address(task: Task, review: Review | None) -> str:
    return review.named if review is not None and review.named else f"proposed as {topic(task)}"


def _declined(task: Task, built: Built, words: str) -> Outcome:
    """Remember that a person closed the change: Gerrit refuses every further patch set of it."""
    pending.drop(task.store)
    standing = Standing(topic(task), built.commit, declined=f"a person closed it ({words})", key=change_id(task))
    digest = task.step.proposal.says if task.step.proposal is not None else ""
    task.store.memory.remember(proposed=Proposed(standing, digest))
    return outcome_of(task.step, Verdict.BLOCKED, said(standing.declined).also(WayOut(Way.REOPEN)))
