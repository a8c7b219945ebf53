"""The way on which a change is delivered: the first that can be, as far as that is known before anybody is asked."""

from __future__ import annotations

from rollout.model.reviews import Deliver, Delivery, Via


def way(delivery: Delivery, url: str) -> Via:
    """Return how a target's changes go upstream."""
    if delivery.deliver is Deliver.PUSH:
        return Via.PUSH
    return Via.ADDRESS
