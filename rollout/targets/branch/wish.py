"""Hold what a target's `.rollout.yaml` asks for against an inventory that allows nothing."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.inventory.wish import NAME, BadWish, wish
from rollout.model.inventory import Target
from rollout.model.plan import State
from rollout.model.reasons import said
from rollout.store import tree
from rollout.store.store import Store
from rollout.targets.job import Unfit


def refuse_wishes(target: Target, store: Store, tip: str, *, network: bool) -> None:
    """Raise Unfit for a file that asks for something; where the inventory allows some of it, it was read before."""
    if target.delivery.may:
        return
    path = PurePosixPath(NAME)
    there = tree.executable(store, tip, path)
    if there is None:
        return
    content = tree.content(store, tip, path, network=network)
    if content is None:
        raise Unfit(State.BLOCKED, said(f"{NAME} is no plain file"))
    try:
        wish(content, ())
    except BadWish as error:
        raise Unfit(State.BLOCKED, said(str(error))) from error
