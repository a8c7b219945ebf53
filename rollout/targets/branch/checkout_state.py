"""The state of a branch's checkout, by asking git where a look without it does not tell."""

from __future__ import annotations

from rollout.model.circumstances import CheckoutState
from rollout.model.hindrances import OnBranch
from rollout.model.inventory import Branch
from rollout.store.in_sync import Entries
from rollout.store.store import Store
from rollout.targets.branch.locate import Located
from rollout.targets.branch.plain_checkout import plain_checkout
from rollout.targets.job import Look


def checkout(look: Look, at: Located, store: Store, tip: str, entries: Entries | None) -> CheckoutState | None:
    """Return the checkout's state relative to upstream's tip; None if the target has no checkout."""
    where = look.target.location
    assert isinstance(where, Branch)
    settled, there = plain_checkout(where, at, tip, entries)
    if settled or at.top is None:
        return there

    from rollout.checkout import observe

    seen = observe.observe(at.top, where, tip, list(look.desired.managed), store, look.settings.person)
    if at.local and isinstance(seen.why, OnBranch):
        return CheckoutState()  # the branch itself is upstream, and no checkout is on it
    return seen
