"""The state of a branch's checkout where a look without git tells it."""

from __future__ import annotations

from rollout.checkout import unchanged
from rollout.model.circumstances import CheckoutState
from rollout.model.hindrances import NotCloned, Unusable
from rollout.model.inventory import Branch
from rollout.store.in_sync import Entries
from rollout.targets.branch.locate import Located


def plain_checkout(where: Branch, at: Located, tip: str, entries: Entries | None) -> tuple[bool, CheckoutState | None]:
    """Tell whether we know the checkout's state without running git, and if so, return it."""
    if at.top is None:
        return True, None
    if at.clone:
        return True, CheckoutState(False, NotCloned(), can_follow=where.follow)
    if at.trouble is not None:
        return True, CheckoutState(False, Unusable(at.trouble))
    if at.repo is not None and entries is not None and unchanged.has_all(at.repo, where.branch, tip, entries):
        return True, CheckoutState(commit=tip)
    return False, None
