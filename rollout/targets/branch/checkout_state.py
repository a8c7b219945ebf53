"""The state of a branch's checkout."""

from __future__ import annotations

from rollout.checkout import observe
from rollout.model.circumstances import CheckoutState
from rollout.model.hindrances import NotCloned, OnBranch, Unusable
from rollout.model.inventory import Branch
from rollout.store.in_sync import Entries
from rollout.store.store import Store
from rollout.targets.branch.locate import Located
from rollout.targets.job import Look


def checkout(look: Look, at: Located, store: Store, tip: str, entries: Entries | None) -> CheckoutState | None:
    """Return the checkout's state relative to upstream's tip; None if the target has no checkout."""
    where = look.target.location
    assert isinstance(where, Branch)
    settled, there = plain_checkout(where, at, tip, entries)
    if settled or at.top is None:
        return there
    seen = observe.observe(at.top, where, tip, list(look.desired.managed), store, look.settings.person)
    if at.local and isinstance(seen.why, OnBranch):
        return CheckoutState()  # the branch itself is upstream, and no checkout is on it
    return seen


def plain_checkout(where: Branch, at: Located, tip: str, entries: Entries | None) -> tuple[bool, CheckoutState | None]:
    """Tell whether we know the checkout's state without running git, and if so, return it."""
    if at.top is None:
        return True, None
    if at.clone:
        return True, CheckoutState(False, NotCloned(), can_follow=where.follow)
    if at.trouble is not None:
        return True, CheckoutState(False, Unusable(at.trouble))
    if at.repo is not None and entries is not None and observe.has_all(at.repo, where.branch, tip, entries):
        return True, CheckoutState(commit=tip)
    return False, None
