"""How the checkout of a branch stands."""

from __future__ import annotations

from rollout.checkout import observe
from rollout.git.person import Person
from rollout.model.circumstances import Checkout
from rollout.model.files import Desired
from rollout.model.inventory import Branch
from rollout.store.in_sync import Entries
from rollout.store.store import Store
from rollout.targets.branch.locate import Located


def checkout(
    where: Branch,
    at: Located,
    store: Store,
    tip: str,
    desired: Desired,
    person: Person,
    entries: Entries | None,
) -> Checkout | None:
    settled, there = plain_checkout(where, at, tip, entries)
    if settled or at.top is None:
        return there
    managed = list(desired.managed)
    seen = observe.observe(at.top, where.branch, where.remote, tip, managed, store, person, follow=where.follow)
    if at.local and not seen.has_it and seen.reason.startswith("on branch"):
        return Checkout()  # the branch itself is upstream, and nobody has it checked out
    return seen


def plain_checkout(where: Branch, at: Located, tip: str, entries: Entries | None) -> tuple[bool, Checkout | None]:
    """Tell whether it is plain how the checkout stands, and then how."""
    if at.top is None:
        return True, None
    if at.clone:
        return True, Checkout(False, "no checkout yet; apply clones it", can_follow=where.follow)
    if at.trouble is not None:
        return True, Checkout(False, at.trouble)
    if at.repo is not None and entries is not None and observe.has_all(at.repo, where.branch, tip, entries):
        return True, Checkout(commit=tip)
    return False, None
