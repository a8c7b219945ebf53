"""The pages that forges have for commits."""

from __future__ import annotations

from urllib.parse import quote

from rollout.forges.known import forge_of, on_the_web, project_of
from rollout.forges.openings import web_site
from rollout.model.reviews import Delivery, ForgeKind
from rollout.safety import addresses

_BEFORE = {
    ForgeKind.GITHUB: "commit/",
    ForgeKind.GITLAB: "-/commit/",
    ForgeKind.GITEA: "commit/",
    ForgeKind.BITBUCKET: "commits/",
    ForgeKind.AZURE: "commit/",
    ForgeKind.PAGURE: "c/",
}


def before_commit(delivery: Delivery, url: str) -> str:
    """Return the address of a commit's page without the commit's id; empty if it is not known."""
    forge = forge_of(delivery, url)
    site = None if forge is None or addresses.is_local(url) else web_site(forge, url)
    if forge is None or site is None or forge.kind not in _BEFORE:
        return ""
    return f"{site}/{quote(on_the_web(forge.kind, project_of(url)), safe='/~')}/{_BEFORE[forge.kind]}"
