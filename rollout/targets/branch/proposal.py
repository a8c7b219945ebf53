"""Find the proposal of a branch: the way it goes, the commit that carries it, and what its forge tells."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from rollout.forges import asking, ways
from rollout.forges.asking import ForgeReviews
from rollout.forges.clients import review_client
from rollout.forges.known import forge_of
from rollout.model.action import Action
from rollout.model.plan import Change
from rollout.model.reviews import Deliver, Delivery, ForgeKind, Standing, Via
from rollout.objects import messages
from rollout.objects.trees import entry_of
from rollout.store import proposals
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
    heads: tuple[tuple[str, str], ...] = ()  # our branches upstream, whether or not one carries it
    carried: Carried | None = None
    ref: str = ""  # the ref that the forge made for it
    told: ForgeReviews | None = None  # the forge's answer, if somebody is logged in
    url: str = ""
    kind: ForgeKind | None = None

    def carries(self, commit: str) -> bool:
        return self.carried is not None and self.carried.commit == commit


_NO_BRANCH = {ForgeKind.GITEA, ForgeKind.GERRIT}  # their reviews need no branch of ours

_GERRIT = re.compile(r"(refs/changes/\d+/\d+)/\d+\Z")


def proposing(
    delivery: Delivery, at: Located, store: Store, tip: str, *, changing: bool, network: bool
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
    found = Proposing(delivery, via, tip, network, kind=None if forge is None else forge.kind, url=at.remote.url)
    if not network:
        return found
    found = _carried_by_ref(found, store) if found.via.by_ref else _carried_by_branch(found, store)
    if not (found.carried or changing):
        return found
    asked = review_client(delivery, at.remote.url, at.remote.branch, found.branch, patience)
    return found if asked is None else replace(found, told=asking.reviews_of(*asked))


def as_before(delivery: Delivery, at: Located, store: Store, heads: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether our branches upstream are as they were."""
    forge = forge_of(delivery, at.remote.url)
    known = store.memory.memo().proposed
    by_ref = forge is not None and forge.kind in _NO_BRANCH and not (known is not None and known.without)
    return by_ref or tuple(proposals.heads(store, delivery.rules.branch).items()) == heads


def _carried_by_branch(found: Proposing, store: Store) -> Proposing:
    branch = found.delivery.rules.branch
    heads = proposals.heads(store, branch)
    name = proposals.newest(branch, heads)
    found = replace(found, heads=tuple(heads.items()))
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


def wanted(changes: Iterable[Change], like: str) -> dict[str, tuple[str, str] | None]:
    """Return the entries of a commit with these changes; `like` is an id as long as the repository's."""
    return {
        str(change.path): entry_of(change.after, like)
        for change in changes
        if change.action is not Action.ERROR and not change.idle
    }
