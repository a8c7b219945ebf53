"""How a proposal on a forge changes what a target needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from rollout.model.causes import OnHold
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired
from rollout.model.inventory import Target
from rollout.model.plan import Change, State, Step
from rollout.model.reasons import Reason, ReasonPart, Way, WayOut, said
from rollout.model.reviews import Checks, Delivery, Proposed, Review, Standing
from rollout.planning.review import undecided

_BEFORE = {State.MISSING, State.UNREACHABLE, State.BLOCKED, State.CONFLICT, State.DRIFT}


def delivery_of(target: Target, decisions: Decisions) -> Delivery:
    """Return how a target's changes are delivered: as was decided for this run, else as the inventory says."""
    return target.delivery if decisions.deliver is None else replace(target.delivery, deliver=decisions.deliver)


def says(desired: Desired, changes: Iterable[Change]) -> str:
    """Return a digest of a change: what is asked for at its paths, whatever upstream has around it."""
    bodies = {item.path: item for item in desired.managed}
    told = []
    for change in sorted(changes, key=lambda one: one.path):
        item = None if change.hold else bodies.get(change.path)  # what a revert says is in no template
        content = item.body if item is not None else change.after.content if change.after is not None else b""
        mode = item.mode.value if item is not None else "whole"
        executable = change.after is not None and change.after.executable
        told.append([str(change.path), mode, executable, hashlib.sha256(content).hexdigest()])
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def said_by(standing: Standing, asked: str, known: Proposed | None) -> str:
    """Return the digest of what a proposal says; `asked` is that of what is asked for now. "" if it is not known."""
    if standing.same or standing.declined:
        return asked
    return known.says if known is not None and known.standing.head == standing.head else ""


def proposed(step: Step, standing: Standing | None, decisions: Decisions) -> Step:
    """Return a step as its proposal determines it; `standing` is None if nothing was proposed."""
    if standing is None:
        return step
    step = replace(step, standing=standing)
    if step.state not in _BEFORE and given_up(step):
        return replace(step, why=step.why.also(*said(_why_given_up(standing)).parts))
    if step.state in _BEFORE or not step.changes:
        return step
    if standing.foreign:
        return replace(step, state=State.BLOCKED, why=said(standing.foreign), follow=False)
    if decisions.reopen and (standing.declined or not standing.ours):
        return step
    if standing.taken_over:
        return replace(
            step, state=State.IN_REVIEW, why=said(taken_over(standing)).also(WayOut(Way.REOPEN_BESIDE)), follow=False
        )
    if standing.declined:
        return replace(step, state=State.DECLINED, why=said(standing.declined).also(WayOut(Way.REOPEN)))
    if step.state is State.PENDING and not undecided(step) and standing.left and standing.same:
        return replace(step, state=State.IN_REVIEW, why=in_words(standing).also(*_held(step), *step.why.parts))
    return step


def given_up(step: Step) -> bool:
    """Tell whether a person declined a revert, or took it over: no template asks for it, so nothing else tells."""
    standing = step.standing
    if standing is None or step.changes or not standing.reverts or standing.done:
        return False
    return bool(standing.declined) or standing.taken_over


def _why_given_up(standing: Standing) -> str:
    what = standing.declined or taken_over(standing)
    return f"a revert is not upstream: {what}; `rollout revert` with --reopen proposes it again"


def _held(step: Step) -> Iterator[ReasonPart]:
    """Yield which files the proposal puts back, and how that ends."""
    held = tuple(change.path for change in step.changes if change.hold)
    if held:
        yield OnHold(held)
        yield WayOut(Way.RELEASE)


def taken_over(standing: Standing) -> str:
    return f"{standing.branch} was taken over by {standing.who or 'somebody'}; rollout leaves it alone"


def taken_back(standing: Standing) -> str:
    """Say what becomes of a review of which nothing is left."""
    url = "" if standing.review is None else standing.review.url
    return f"{url or 'the proposal on ' + standing.branch} is taken back"


def in_words(standing: Standing) -> Reason:
    """Return where a proposal is, its checks, and who has to act."""
    review = standing.review
    if review is None:
        return said(standing.page or f"proposed on the branch {standing.branch}; a person opens the review")
    if review.unknown:
        return said("; ".join(filter(None, (review.named, not_known(review)))))
    why = said("; ".join(filter(None, (review.named, _checks(review), _who_acts(review)))))
    return why.also(WayOut(Way.RENDER_AGAIN)) if review.conflicts else why


def not_opened(branch: str) -> str:
    return f"{branch} is pushed, and its review is not opened yet: rollout apply opens it"


def not_known(review: Review) -> str:
    """Say what nobody told of a review."""
    return f"whether it is open, approved and green is not known {review.unknown}"


def _checks(review: Review) -> str:
    return {Checks.GREEN: "checks green", Checks.RED: "checks red", Checks.PENDING: "checks pending"}.get(
        review.checks, ""
    )


def _who_acts(review: Review) -> str:
    if review.conflicts:
        return "it conflicts with its branch"
    if review.checks is Checks.RED:
        return "its author has to look at the checks"
    if review.checks is Checks.PENDING:
        return "waits for the checks"
    return "approved, waits to be merged" if review.approved else "waits for a reviewer"


def renews(step: Step) -> bool:
    """Tell whether a run would render an open proposal again, open it or close it."""
    standing = step.standing
    if standing is None or standing.foreign:
        return False
    if not step.changes:
        return standing.left
    if step.proposal is not None and step.proposal.reworded:
        return True
    opened = standing.review is not None or not step.via.opens_after
    return step.state is not State.IN_REVIEW or not (standing.on_tip and opened)


def leaves_branch(step: Step) -> bool:
    """Tell whether our own commit is left on the branch of a proposal that a person declined."""
    standing = step.standing
    return (
        step.state is State.DECLINED
        and standing is not None
        and standing.head is not None
        and standing.on_branch
        and standing.ours
        and not standing.done
        and step.delivery.rules.delete_branch
    )
