"""Choose the way in which a change is delivered: the first possible one, as far as that is known without asking."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import assert_never

from rollout.forges import agit, gerrit, push_options
from rollout.forges.clients import client
from rollout.forges.facts import FACTS
from rollout.forges.known import forge_of
from rollout.forges.pushing import ByPush
from rollout.model.reviews import Deliver, Delivery, Forge, Via


def way(delivery: Delivery, url: str, patience: float, without: Collection[Via] = ()) -> Via:
    """Return how a target's changes go upstream; `without` are ways that the server is known not to support."""
    if delivery.deliver is Deliver.PUSH:
        return Via.PUSH
    return next(via for via in ways(forge_of(delivery, url), patience) if via not in without)


def ways(forge: Forge | None, patience: float) -> Iterator[Via]:
    """Yield the ways in which a change can be proposed, in the order in which they are tried."""
    pushed = None if forge is None else FACTS[forge.kind].by_push
    if pushed is not None:
        yield pushed
    asked = client(forge, patience)
    if asked is not None and asked.opens:
        yield asked.via
    yield Via.ADDRESS


def by_push(via: Via) -> ByPush | None:
    """Return the way in which git's own push opens the review."""
    match via:
        case Via.PUSH_OPTIONS:
            return push_options
        case Via.AGIT:
            return agit
        case Via.GERRIT:
            return gerrit
        case Via.PUSH | Via.GH | Via.HTTP | Via.ADDRESS:
            return None
        case never:
            assert_never(never)
