"""Look at the proposal of a branch: its commit, whose that is, and whether it makes the wanted changes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from rollout.errors import GitError
from rollout.forges import asking, refs, ways
from rollout.forges.asking import Told
from rollout.forges.clients import review_client
from rollout.forges.known import forge_of
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File
from rollout.model.inventory import Target
from rollout.model.plan import Action, Change, Step
from rollout.model.reviews import Deliver, Delivery, ForgeKind, Proposal, Proposed, Review, ReviewState, Standing, Via
from rollout.objects import messages
from rollout.objects.ids import git_id
from rollout.planning import proposals as decide
from rollout.store import proposals, tree
from rollout.store.proposals import Carried
from rollout.store.store import Store
from rollout.targets.branch.locate import Located


class Proposing(Struct, frozen=True):
    """A target whose changes are proposed: the way, the upstream commit, and the present proposal."""

    delivery: Delivery
    via: Via
    tip: str
    network: bool
    branch: str = ""
    carried: Carried | None = None
    ref: str = ""  # the ref that the forge made for it
    told: Told | None = None  # the forge's answer, if somebody is logged in
    kind: ForgeKind | None = None

    def carries(self, commit: str) -> bool:
        return self.carried is not None and self.carried.commit == commit


_GERRIT = re.compile(r"(refs/changes/\d+/\d+)/\d+\Z")


def delivery_of(target: Target, decisions: Decisions) -> Delivery:
    return target.delivery if decisions.deliver is None else replace(target.delivery, deliver=decisions.deliver)


def proposing(
    delivery: Delivery, at: Located, store: Store, tip: str, changes: Iterable[object], *, network: bool
) -> Proposing | None:
    """Return the present proposal of a target; None if its changes are pushed.

    The forge is only asked if something is to change, or something is left over.
    """
    if delivery.deliver is Deliver.PUSH or at.local:
        return None
    known = store.memory.memo().proposed
    patience = at.remote.access.patience
    via = ways.way(delivery, at.remote.url, patience, without=() if known is None else known.without)
    forge = forge_of(delivery, at.remote.url)
    found = Proposing(delivery, via, tip, network, kind=None if forge is None else forge.kind)
    if not network:
        return found
    found = _carried_by_ref(found, store) if found.via.by_ref else _carried_by_branch(found, store)
    if not (found.carried or any(changes)):
        return found
    asked = review_client(delivery, at.remote.url, at.remote.branch, found.branch, patience)
    return found if asked is None else replace(found, told=asking.told(*asked))


def _carried_by_branch(found: Proposing, store: Store) -> Proposing:
    branch = found.delivery.rules.branch
    heads = proposals.heads(store, branch)
    name = proposals.newest(branch, heads)
    if name is None:
        return replace(found, branch=branch)
    return replace(found, branch=name, carried=proposals.carried(store, f"refs/heads/{name}", heads[name]))


def _carried_by_ref(found: Proposing, store: Store) -> Proposing:
    found = replace(found, branch=found.delivery.rules.branch)
    known = store.memory.memo().proposed
    there = _known_ref(store, known.standing) if known is not None else _searched(found, store)
    if there is None:
        return found
    carried = proposals.carried(store, *there)
    name = messages.topic(carried.text) or (known.standing.branch if known is not None else found.branch)
    return replace(found, branch=name, ref=there[0], carried=carried)


def _known_ref(store: Store, standing: Standing) -> tuple[str, str] | None:
    """Return the forge's present ref of our change: for a Gerrit change, the newest patch set."""
    if not standing.ref or standing.done:
        return None
    change = _GERRIT.match(standing.ref)
    there = proposals.refs_at(store, f"{change[1]}/*" if change else standing.ref)
    sets = {int(ref.rpartition("/")[2]): ref for ref in there if change and ref.rpartition("/")[2].isdigit()}
    ref = sets[max(sets)] if sets else standing.ref
    return (ref, there[ref]) if ref in there else None


def _searched(found: Proposing, store: Store) -> tuple[str, str] | None:
    if found.via is not Via.AGIT:
        return None  # Gerrit identifies the change by its Change-Id
    return proposals.search(store, "refs/pull/*/head", found.delivery.origin.inventory)


def entry_of(file: File | None, like: str) -> tuple[str, str] | None:
    return None if file is None else (file.mode, git_id(file.content, len(like)))


def wanted(changes: Iterable[Change], like: str) -> dict[str, tuple[str, str] | None]:
    """Return the entries of a commit with these changes; `like` is an id as long as the repository's."""
    return {
        str(change.path): entry_of(change.after, like)
        for change in changes
        if change.action is not Action.ERROR and not change.idle
    }


def with_proposal(step: Step, desired: Desired, found: Proposing, store: Store, decisions: Decisions) -> Step:
    """Return a step as its proposal determines it, and remember the proposal's state."""
    said = decide.says(desired, step.changes)
    standing = _standing(step, found, store, said)
    decisions = replace(decisions, reopen=decisions.reopen or (decisions.release and _is_held(step, store)))
    if found.network and standing is not None:
        known = store.memory.memo().proposed
        store.memory.remember(proposed=Proposed(standing, said, known.without if known else ()))
    step = replace(
        step, via=found.via, delivery=found.delivery, proposal=Proposal(said, dropped=_is_dropped(found, store))
    )
    if found.told is not None and found.told.trouble:
        step = replace(step, warnings=(*step.warnings, f"the review is not known: {found.told.trouble}"))
    return decide.proposed(step, standing, decisions)


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
    if carried is None:
        if closed.review is not None:
            return Standing(found.branch, declined=closed.declined, review=closed.review)
        return _gone(known, said)
    before = None if known is None or known.standing.head != carried.commit else known.standing
    kept = None if known is None or known.standing.done else known.standing.review
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
        review=kept if found.told is None or found.told.trouble else found.told.open or closed.review,
        ref=found.ref,
        key=messages.change_id(carried.text),
        subject=carried.text.split("\n", 1)[0],
    )


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
    if review.marker is not None:
        return review.marker.change == (found.delivery.origin.inventory, step.target, said)
    known = store.memory.memo().proposed
    if known is not None and known.standing.head == review.head:
        return known.says == said
    carried = found.carried if found.carried is not None and found.carried.commit == review.head else None
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
