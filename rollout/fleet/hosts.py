"""Find the hosts whose forge nobody has named, and remember what a person said of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from rollout.fleet.load import Loaded
from rollout.machine import files
from rollout.model.inventory import Branch, Target
from rollout.model.reviews import Deliver, Forge, ForgeKind
from rollout.safety import addresses

NONE = "none"  # a host that is no forge, or none that we know


def remembered(state: Path) -> dict[str, str]:
    """Return the kind of each host that a person was asked about, or NONE."""
    kinds = {NONE, *(kind.value for kind in ForgeKind)}
    told = files.read_json(_memory(state)).items()
    return {host: kind for host, kind in told if isinstance(kind, str) and kind in kinds}


def remember(state: Path, host: str, kind: str) -> None:
    files.write_whole(_memory(state), json.dumps({**remembered(state), host: kind}).encode(), durable=False)


def _memory(state: Path) -> Path:
    return state / "forges.json"


def with_remembered(loaded: Loaded, told: Mapping[str, str]) -> Loaded:
    """Return an inventory that knows these hosts, too; what it says itself comes first."""
    forges = {host: Forge(ForgeKind(kind)) for host, kind in told.items() if kind != NONE}
    if not forges:
        return loaded
    inventory = loaded.inventory
    known = replace(inventory, targets=_knowing(inventory.targets, forges), forges={**forges, **inventory.forges})
    return replace(loaded, inventory=known, chosen=_knowing(loaded.chosen, forges))


def _knowing(targets: Iterable[Target], forges: Mapping[str, Forge]) -> tuple[Target, ...]:
    return tuple(
        replace(one, delivery=replace(one.delivery, forges={**forges, **one.delivery.forges})) for one in targets
    )


def unknown(targets: Iterable[Target], deliver: Deliver | None) -> list[str]:
    """Return the hosts of targets whose changes are reviewed and whose forge nobody has named."""
    reviewed = (one for one in targets if (deliver or one.delivery.deliver) is Deliver.REVIEW)
    return list(dict.fromkeys(host for one in reviewed if (host := _unknown(one))))


def _unknown(target: Target) -> str:
    if not isinstance(target.location, Branch):
        return ""
    from rollout.fleet.ways import address
    from rollout.forges.known import forge_of

    url = target.location.url or address(target.location)
    if url is None or addresses.is_local(url) or forge_of(target.delivery, url) is not None:
        return ""
    return addresses.host(url).lower()
