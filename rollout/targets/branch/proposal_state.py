"""Tell how the proposal of a branch stands: whose its commit is, what it says, and what became of its review."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from rollout.errors import GitError
from rollout.forges import refs
from rollout.forges.clients import unasked
from rollout.forges.known import forge_of
from rollout.forges.openings import opening, pull_request
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired
from rollout.model.plan import Step
from rollout.model.reviews import Opened, Proposal, Proposed, Review, ReviewState, Standing, Via
from rollout.objects import messages
from rollout.planning import proposals as decide
from rollout.store import proposals, tree
from rollout.store.proposals import Carried
from rollout.store.store import Store
from rollout.targets.branch.proposal import Proposing, wanted


def with_proposal(step: Step, desired: Desired, found: Proposing, store: Store, decisions: Decisions) -> Step:
    """Return a step as its proposal determines it."""
    said = decide.says(desired, step.changes)
    standing = _standing(step, found, store, said)
    decisions = replace(decisions, reopen=decisions.reopen or (decisions.release and _is_held(step, store)))
    step = replace(
        step, via=found.via, delivery=found.delivery, proposal=Proposal(said, dropped=_is_dropped(found, store))
    )
    if found.told is not None and found.told.trouble:
        step = replace(step, warnings=(*step.warnings, f"the review is not known: {found.told.trouble}"))
    return decide.proposed(step, standing, decisions)


def remember(step: Step, found: Proposing, store: Store) -> None:
    """Remember how the proposal of a step stands, where upstream was asked."""
    if not found.network or step.standing is None or step.proposal is None:
        return
    known = store.memory.memo().proposed
    says = decide.said_by(step.standing, step.proposal.says, known)
    store.memory.remember(proposed=Proposed(step.standing, says, known.without if known else ()))


def _is_dropped(found: Proposing, store: Store) -> bool:
    """Tell whether upstream does not have what our commit proposes."""
    carried = found.carried
    if carried is None or carried.own is None or not found.network:
        return False
    return tree.entries(store, found.tip, carried.after) != carried.after


def _is_held(step: Step, store: Store) -> bool:
    """Tell whether a change was taken back before it was merged: then it was us who closed its review."""
    return any(str(change.path) in store.memory.memo().held for change in step.changes)


def _standing(step: Step, found: Proposing, store: Store, said: str) -> Standing | None:
    known = store.memory.memo().proposed
    if not found.network:
        return None if known is None else replace(known.standing, same=known.says == said)
    closed = _closed(found, step, store, said)
    carried = found.carried
    if carried is None and closed.review is not None:
        return replace(_closed_standing(found, closed), reverts=_reverted_before(known, found))
    if carried is None:
        return _gone(known, said) or (None if step.changes else _revert_gone(known, found, store))
    before = None if known is None or known.standing.head != carried.commit else known.standing
    return Standing(
        branch=found.branch,
        head=carried.commit,
        ours=carried.own is not None,
        same=carried.own is not None and carried.after == wanted(step.changes, carried.commit),
        on_tip=carried.parent == found.tip,
        who=carried.who,
        foreign=_foreign(found, carried),
        done=before is not None and before.done,
        declined=closed.declined,
        review=_review(found, known, closed),
        ref=found.ref,
        key=messages.change_id(carried.text),
        subject=carried.text.split("\n", 1)[0],
        opened=_opened(carried, found, known),
        page=_page(found, step),
        words=_words(carried) if _says_it_still(carried, found, step, store, said) else "",
        reverts=_reverts(carried) if carried.own is not None else _reverted_before(known, found),
    )


def _reverts(carried: Carried) -> bool:
    """Tell whether our commit puts back what a run had changed."""
    return bool(messages.given_back(carried.text))


def _reverted_before(known: Proposed | None, found: Proposing) -> bool:
    """Tell whether our commit did, before a person put their own on its branch."""
    if known is None or known.standing.done or known.standing.branch != found.branch:
        return False
    return known.standing.reverts


def _revert_gone(known: Proposed | None, found: Proposing, store: Store) -> Standing | None:
    """Return the state of a revert whose branch is gone: declined, while upstream has what it was to put back."""
    if known is None or not known.standing.reverts or known.standing.head is None or known.standing.done:
        return None
    try:
        carried = proposals.carried(store, known.standing.at, known.standing.head)
    except GitError:
        return None
    before = {str(path): entry for path, entry, _ in carried.moved}
    if not before or tree.entries(store, found.tip, before) != before:
        return None
    why = known.standing.declined or f"the branch {known.standing.branch} was deleted"
    return replace(known.standing, declined=why, same=False, ours=True, gone=True)


def _closed_standing(found: Proposing, closed: Closed) -> Standing:
    return Standing(found.branch, declined=closed.declined, review=closed.review)


def _review(found: Proposing, known: Proposed | None, closed: Closed) -> Review | None:
    """Return the review as its forge tells it, else as it was known before."""
    if found.told is not None and not found.told.trouble:
        return found.told.open or closed.review
    before = None if known is None or known.standing.done else known.standing.review
    before = before or _by_its_ref(found)
    if found.told is None:
        return unasked(before, found.delivery, found.url)
    return None if before is None else replace(before, unknown=f"({found.told.trouble})")


def _by_its_ref(found: Proposing) -> Review | None:
    """Return the pull request that a push has opened, by the ref on which the forge keeps it."""
    number = refs.number_of(found.ref)
    return None if number is None else pull_request(forge_of(found.delivery, found.url), found.url, number)


def _page(found: Proposing, step: Step) -> str:
    """Say where a person opens the review, or why it is not known here."""
    if found.told is not None and found.told.trouble:
        return f"what became of the review of {found.branch} is not known ({found.told.trouble})"
    if found.via.opens_after:
        return decide.not_opened(found.branch)
    if found.via is not Via.ADDRESS:
        return ""
    return opening(forge_of(found.delivery, found.url), found.url, step.branch or "", found.branch)


def _opened(carried: Carried, found: Proposing, known: Proposed | None) -> Opened | None:
    """Return who opened a review: as remembered, else the run that made the commit, where it is open."""
    if known is not None and known.standing.left and known.standing.opened is not None:
        return known.standing.opened
    if carried.own is None or (found.via.opens_after and (found.told is None or found.told.open is None)):
        return None
    return Opened(messages.run_and_target(carried.text)[0] or "", carried.made)


def _words(carried: Carried) -> str:
    """Return the words that a person gave our commit; a subject of ours is left out."""
    subject, _, more = messages.words(carried.text).partition("\n")
    return f"\n{more}" if subject == messages.default_subject(carried.after) else f"{subject}\n{more}"


def _says_it_still(carried: Carried, found: Proposing, step: Step, store: Store, said: str) -> bool:
    """Tell whether our commit says everything that is asked for, whatever upstream has around it."""
    known, review = store.memory.memo().proposed, None if found.told is None else found.told.open
    if known is not None and known.standing.head == carried.commit and known.says == said:
        return True
    marker = None if review is None else review.marker
    if marker is not None and marker.change == (found.delivery.origin.inventory, step.target, said):
        return True
    return wanted(step.changes, carried.commit).items() <= carried.after.items()


def _foreign(found: Proposing, carried: Carried) -> str:
    """Say why a branch is not this inventory's: by the commit on it, or by its review."""
    review = found.told.open if found.told is not None else None
    marked = [carried.inventory] if carried.own else []
    marked += [review.marker.inventory] if review is not None and review.marker is not None else []
    if all(one in {"", found.delivery.origin.inventory} for one in marked):
        return ""
    return (
        f"the branch {found.branch} carries the proposal of another inventory; give this one `review: {{branch: NAME}}`"
    )


class Closed(Struct, frozen=True):
    """A review that a person closed unmerged, if its change is the one to be proposed now."""

    declined: str = ""
    review: Review | None = None


def _closed(found: Proposing, step: Step, store: Store, said: str) -> Closed:
    newest = found.told.newest if found.told is not None and found.told.open is None else None
    if (
        newest is None
        or newest.state is not ReviewState.DECLINED
        or not _said_the_same(newest, found, step, store, said)
    ):
        return Closed()
    by = f" by {newest.by}" if newest.by else ""
    return Closed(f"{newest.url} was closed unmerged{by}", newest)


def _said_the_same(review: Review, found: Proposing, step: Step, store: Store, said: str) -> bool:
    """Tell whether a review said what would be proposed now: by its marker, else by the commit that it proposed."""
    carried = found.carried if found.carried is not None and found.carried.commit == review.head else None
    if carried is not None and carried.own is not None and not step.changes and _reverts(carried):
        return True
    if review.marker is not None:
        return review.marker.change == (found.delivery.origin.inventory, step.target, said)
    known = store.memory.memo().proposed
    if known is not None and known.standing.head == review.head:
        return known.says == said
    there = carried or _proposed_by(review, found, store)
    return there is not None and there.own is not None and there.after == wanted(step.changes, there.commit)


def _proposed_by(review: Review, found: Proposing, store: Store) -> Carried | None:
    """Return the commit that a closed review proposed, where its forge keeps it on a ref."""
    ref = refs.head_of(found.kind, review.number)
    try:
        return None if ref is None or not review.head else proposals.carried(store, ref, review.head)
    except GitError:
        return None


def _gone(known: Proposed | None, said: str) -> Standing | None:
    """Return the state of a proposal whose branch is gone: declined, unless upstream has its change."""
    if known is None or known.says != said or known.standing.head is None or known.standing.done:
        return None
    why = f"the branch {known.standing.branch} was deleted, and upstream does not have what it proposed"
    return replace(known.standing, declined=why, same=False, ours=True, gone=True)
