"""The repositories that a source names and the inventory does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec import Struct

from rollout.errors import UsageError
from rollout.fleet.entries import with_entries
from rollout.forges import known, listing
from rollout.forges.listing import Listed
from rollout.model.inventory import Branch, Inventory
from rollout.model.reviews import Forge, ForgeKind
from rollout.safety import addresses


class Filters(Struct, frozen=True):
    """Which of the found repositories to list."""

    topics: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    archived: bool = False
    forks: bool = False

    def want(self, one: Listed) -> bool:
        if (one.archived and not self.archived) or (one.fork and not self.forks):
            return False
        if not set(self.topics) <= set(one.topics):
            return False
        return not self.match or any(fnmatchcase(one.name, pattern) for pattern in self.match)


def unmanaged(inventory: Inventory, sources: Iterable[str], filters: Filters, patience: float) -> list[Listed]:
    """Return the repositories that the sources name and the inventory does not, each once.

    Raises RolloutError for a source that fails.
    """
    managed = {
        addresses.project(target.location.url)
        for target in inventory.targets
        if isinstance(target.location, Branch) and target.location.url is not None
    }
    names = {target.name for target in inventory.targets}
    found: dict[str, Listed] = {}
    for source in sources:
        for one in _listed(inventory, source, patience):
            where = addresses.project(one.url)
            if where not in managed and one.name not in names and filters.want(one):
                found.setdefault(where, one)
    return list(found.values())


def _listed(inventory: Inventory, source: str, patience: float) -> list[Listed]:
    kind, _, group = source.partition(":")
    if kind == "command" and group:
        return listing.of_command(group, patience)
    if kind not in {"github", "gitlab", "gitea"} or not group:
        raise UsageError(f"{source!r} is not a source; use github:ORG, gitlab:GROUP, gitea:ORG or command:CMD")
    forge, name = _forge(inventory, ForgeKind(kind), group)
    return listing.of_forge(forge, name, patience)


def _forge(inventory: Inventory, kind: ForgeKind, group: str) -> tuple[Forge, str]:
    """Return the forge of a source: the host before the group, or the only one of that kind."""
    host, _, rest = group.partition("/")
    told = {name: forge for name, forge in inventory.forges.items() if forge.kind is kind}
    if rest and host in told:
        return known.with_api(told[host], host), rest
    if rest and ("." in host or ":" in host):
        return known.with_api(Forge(kind), host), rest
    if len(told) == 1:
        [(host, forge)] = told.items()
        return known.with_api(forge, host), group
    public = known.public(kind)
    if public is None or told:
        raise UsageError(f"{kind.value}:{group}: name the host: write {kind.value}:HOST/{group}")
    return public, group


def added(text: bytes, found: Iterable[Listed]) -> bytes:
    """Return the inventory with these repositories added; its comments and all else stay."""
    return with_entries(text, {_name(one): {"url": one.url} for one in found}, {})


def _name(one: Listed) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", one.name).lstrip("._-") or "repository"
