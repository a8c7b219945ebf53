"""The reviews of a plan's targets, and one action on many of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from rollout.errors import GitError
from rollout.forges import asking
from rollout.forges.clients import Client, review_client, variable_of
from rollout.forges.interface import ReviewPlace
from rollout.forges.trouble import Trouble
from rollout.model.outcomes import Outcome, Verdict, WrittenPath
from rollout.model.plan import State, Step
from rollout.model.reasons import said
from rollout.model.reviews import Checks, Review, ReviewAct, ReviewState
from rollout.safety.faults import first_line
from rollout.targets.job import Settings
from rollout.targets.past import proposed_paths


class Act(StrEnum):
    """What may be done with a review."""

    MERGE = "merge"
    CLOSE = "close"
    COMMENT = "comment"


class ReviewAction(Struct, frozen=True):
    """One action on many reviews."""

    act: Act
    settings: Settings
    message: str = ""
    force: bool = False


class Approval(StrEnum):
    """What people say of a review."""

    APPROVED = "approved"


ReviewCondition = ReviewState | Checks | Approval
CONDITIONS: Mapping[str, ReviewCondition] = {  # by the words that name them
    one.value: one for one in (*ReviewState, Checks.GREEN, Checks.RED, Approval.APPROVED)
}


class FoundReview(Struct, frozen=True):
    """A review, and the step that it belongs to."""

    step: Step
    review: Review

    def meets(self, wanted: ReviewCondition) -> bool:
        match wanted:
            case ReviewState():
                return self.review.state is wanted
            case Checks():
                return self.review.checks is wanted
            case Approval():
                return self.review.approved is True
            case never:
                assert_never(never)


def found(steps: Iterable[Step], wanted: Sequence[ReviewCondition]) -> Iterator[FoundReview]:
    """Yield the reviews that meet all of these conditions; without any, the open ones and those taken over."""
    for step in steps:
        review = None if step.standing is None else step.standing.told
        if review is None:
            continue
        one = FoundReview(step, review)
        still_open = review.state in {ReviewState.OPEN, ReviewState.TAKEN_OVER}
        if all(map(one.meets, wanted)) if wanted else still_open:
            yield one


def unopened(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the targets whose change is proposed, and whose review a person has to open, or nobody can tell."""
    for step in steps:
        if step.state is State.IN_REVIEW and (step.standing is None or step.standing.told is None):
            yield step


def done(order: ReviewAction, one: FoundReview) -> Outcome:
    """Do it to one review; what is in its way is the outcome."""
    step, review = one.step, one.review
    obstacle = _obstacle(order, review)
    if obstacle:
        return _outcome(one, Verdict.BLOCKED, f"{review.url} {obstacle}")
    assert step.standing is not None
    assert step.branch is not None
    asked = review_client(
        step.delivery, step.identity, step.branch, step.standing.branch, order.settings.person.patience
    )
    if asked is None:
        return _outcome(one, Verdict.FAILED, f"nobody is logged in to the forge of {review.url}{_token(step)}")
    try:
        return _acted(order, one, *asked)
    except Trouble as trouble:
        return _outcome(one, Verdict.FAILED, str(trouble))
    except (GitError, OSError) as error:
        return _outcome(one, Verdict.FAILED, f"{review.url} is left as it is: {first_line(str(error))}")


def _token(step: Step) -> str:
    """Say which variable takes a token, where one would help."""
    name = variable_of(step.delivery, step.identity)
    return f"; set {name}" if name else ""


def _acted(order: ReviewAction, one: FoundReview, asked: Client, place: ReviewPlace) -> Outcome:
    review = one.review
    if order.act is not Act.COMMENT and not _is_as_seen(asked, place, one):
        return _outcome(one, Verdict.BLOCKED, f"{review.url} has changed since we looked, and is left as it is")
    match order.act:
        case Act.MERGE:
            paths = _proposed(one, order.settings)  # before its branch goes
            asking.merged(asked, place, review)
            return _merged(one, paths)
        case Act.CLOSE:
            unsaid = asking.closed_saying(asked, place, review, order.message)
            closed = replace(_outcome(one, Verdict.UNCHANGED, f"{review.url} is closed{unsaid}"), act=ReviewAct.CLOSED)
            return replace(closed, review=replace(review, state=ReviewState.DECLINED))
        case Act.COMMENT:
            asked.interface.comment(asked.to, place, review, order.message)
            return replace(_outcome(one, Verdict.UNCHANGED, f"{review.url} has the comment"), act=ReviewAct.COMMENTED)
        case never:
            assert_never(never)


def _is_as_seen(asked: Client, place: ReviewPlace, one: FoundReview) -> bool:
    """Tell whether a review is open and proposes the commit that was on its branch when we looked.

    The forge may have told of a later commit than the branch had: it was asked after it.
    """
    head = one.step.standing.head if one.step.standing is not None else None
    now = asked.interface.state(asked.to, place, one.review)
    return now.state is ReviewState.OPEN and not asking.moved(now, head or one.review.head)


def _proposed(one: FoundReview, settings: Settings) -> tuple[WrittenPath, ...]:
    """Return what a review changes, which need not be what is asked for now; raise GitError if it cannot be read."""
    standing, changes = one.step.standing, one.step.changes
    if standing is None or not standing.same:
        return proposed_paths(one.step, settings)
    return tuple(change.as_written for change in changes)


def _merged(one: FoundReview, paths: tuple[WrittenPath, ...]) -> Outcome:
    """Return the outcome of a merge: what was proposed is upstream by now, whatever commit has brought it there."""
    outcome = _outcome(one, Verdict.PUSHED, f"{one.review.url} is merged")
    head = None if one.step.standing is None else one.step.standing.head
    review = replace(one.review, state=ReviewState.MERGED)
    return replace(outcome, commit=head, paths=paths, act=ReviewAct.MERGED, review=review)


def _obstacle(order: ReviewAction, review: Review) -> str:
    """Say why a review is left alone, or nothing."""
    if order.act is Act.COMMENT:
        return ""
    if review.state is ReviewState.TAKEN_OVER:
        return "was taken over, so its person decides"
    if review.state is not ReviewState.OPEN:
        return f"is {review.state.value} already"
    if order.act is Act.CLOSE or order.force:
        return ""
    lacking = []
    if review.checks is not Checks.GREEN:
        lacking.append(f"its checks are {review.checks.value}")
    if not review.approved:
        lacking.append("nobody has approved it")
    return f"is left open: {', and '.join(lacking)}; --force merges it" if lacking else ""


def _outcome(one: FoundReview, verdict: Verdict, words: str) -> Outcome:
    """Return an outcome that stands aside unless it is a merge: it tells of the review alone."""
    made = Outcome(one.step.target, verdict, said(words), one.step.base, kind=one.step.kind, branch=one.step.branch)
    return replace(made, review=one.review, aside=verdict is not Verdict.PUSHED)
