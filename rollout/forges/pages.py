"""The pages that forges have for commits."""

from __future__ import annotations

from urllib.parse import quote

from rollout.forges.facts import FACTS
from rollout.forges.known import forge_of, on_the_web, project_of
from rollout.forges.openings import web_site
from rollout.model.reviews import Delivery
from rollout.safety import addresses


def before_commit(delivery: Delivery, url: str) -> str:
    """Return the address of a commit's page without the commit's id; empty if it is not known."""
    forge = forge_of(delivery, url)
    site = None if forge is None or addresses.is_local(url) else web_site(forge, url)
    page = "" if forge is None else FACTS[forge.kind].commit
    if forge is None or site is None or not page:
        return ""
    return f"{site}/{quote(on_the_web(forge.kind, project_of(url)), safe='/~')}/{page}"
