"""Find the forge of an address: from the inventory, else from the hosts that everybody knows."""

from __future__ import annotations

import re

from rollout.forges.facts import FACTS
from rollout.model.reviews import Delivery, Forge, ForgeKind
from rollout.safety import addresses

_HOSTS = tuple((host, Forge(kind, api)) for kind, facts in FACTS.items() for host, api in facts.hosts)


def forge_of(delivery: Delivery, url: str) -> Forge | None:
    """Return the forge that serves an address, with the address of its interface; None if it is not known."""
    server, host = addresses.server(url), addresses.host(url).lower()
    known = next((forge for pattern, forge in _HOSTS if re.fullmatch(pattern, host)), None)
    told = delivery.forge or delivery.forges.get(server) or delivery.forges.get(host) or known
    if told is None or told.api is not None or not host:
        return told
    if known is not None and known.kind is told.kind:
        return known
    scheme = "http" if url.lower().startswith("http://") else "https"
    return Forge(told.kind, f"{scheme}://{server}{FACTS[told.kind].interface}")


def project_of(url: str) -> str:
    """Return owner and name of a repository; on a disk they are the last two parts of its path."""
    path = addresses.path_of(url)
    return "/".join(path.split("/")[-2:]) if addresses.is_local(url) else path


def on_the_web(kind: ForgeKind, project: str) -> str:
    """Return where a forge shows a repository: Pagure has a fork at forks/USER/NAME for git, else at fork/USER/NAME."""
    is_fork = kind is ForgeKind.PAGURE and project.startswith("forks/")
    return project.replace("forks/", "fork/", 1) if is_fork else project


def public(kind: ForgeKind) -> Forge | None:
    """Return the public forge of a kind, for when no host is named."""
    return next((forge for _, forge in _HOSTS if forge.kind is kind and forge.api is not None), None)


def with_api(forge: Forge, host: str) -> Forge:
    """Return the forge of a host, with the address of its interface."""
    if forge.api is not None:
        return forge
    known = next((one for pattern, one in _HOSTS if re.fullmatch(pattern, host) and one.kind is forge.kind), None)
    return known or Forge(forge.kind, f"https://{host}{FACTS[forge.kind].interface}")
