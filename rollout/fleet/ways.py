"""How each target's changes go upstream, as far as that is known without asking anybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rollout.checkout import discover
from rollout.forges import lacks
from rollout.forges.ways import way
from rollout.git.git_folder import NotOurs
from rollout.model.inventory import Branch, Target
from rollout.model.reviews import Via


def ways(targets: Iterable[Target], patience: float) -> dict[str, Via]:
    """Return the way of each repository among the targets."""
    found = {}
    for target in targets:
        if isinstance(target.location, Branch):
            url = target.location.url or address(target.location)
            found[target.name] = Via.PUSH if url is None else way(target.delivery, url, patience)
    return found


def left_out(targets: Iterable[Target], via: Mapping[str, Via]) -> dict[str, str]:
    """Return, of each target, which settings of its reviews the way of its changes has no such thing of."""
    told = (
        (target.name, lacks.lacks(via[target.name], target.delivery.rules)) for target in targets if target.name in via
    )
    return {name: words for name, words in told if words is not None}


def address(where: Branch) -> str | None:
    """Return the address of a checkout's remote, as its own configuration has it."""
    match where:
        case Branch(checkout=Path() as top, remote=remote):
            try:
                return next(iter(discover.discover(top, for_git=False).remote_urls(remote)), None)
            except NotOurs:
                return None
    return None
