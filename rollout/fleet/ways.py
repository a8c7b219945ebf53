"""How each target's changes go upstream, as far as that is known without asking anybody."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rollout.checkout import discover
from rollout.forges.ways import way
from rollout.git.git_folder import NotOurs
from rollout.model.inventory import Branch, Target
from rollout.model.reviews import Via


def ways(targets: Iterable[Target], patience: float) -> dict[str, Via]:
    """Return the way of each repository among the targets."""
    found = {}
    for target in targets:
        if isinstance(target.location, Branch):
            address = target.location.url or _address(target.location)
            found[target.name] = Via.PUSH if address is None else way(target.delivery, address, patience)
    return found


def _address(where: Branch) -> str | None:
    match where:
        case Branch(checkout=Path() as top, remote=remote):
            try:
                return next(iter(discover.discover(top, for_git=False).remote_urls(remote)), None)
            except NotOurs:
                return None
    return None
