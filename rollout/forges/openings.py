"""The page of a forge on which a person opens a review of a branch."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from rollout.forges.facts import FACTS
from rollout.forges.known import on_the_web, project_of
from rollout.model.reviews import Forge, Review
from rollout.safety import addresses
from rollout.safety.shown import redact


def opening(forge: Forge | None, url: str, base: str, branch: str) -> str:
    """Say where a person opens the review: the address of the page, or else the repository."""
    page = None if forge is None else _page(forge, url, quote(base, safe="/"), quote(branch, safe="/"))
    return page or f"open a review of {branch} into {base} in {redact(url)}"


def pull_request(forge: Forge | None, url: str, number: int) -> Review:
    """Return a pull request by its number: with its page, or else with its repository."""
    site = None if forge is None else web_site(forge, url)
    page = f"{site}/{project_of(url)}/pulls/{number}" if site else ""
    return Review(page, number, place="" if page else f"pull request {number} of {redact(url)}")


def _page(forge: Forge, url: str, base: str, branch: str) -> str | None:
    site = web_site(forge, url)
    project = quote(on_the_web(forge.kind, project_of(url)), safe="/~")
    if site is None or not project:
        return None
    page = FACTS[forge.kind].opening
    return f"{site}/{project}/{page.format(base=base, branch=branch)}" if page else None


def web_site(forge: Forge, url: str) -> str | None:
    """Return the address of a forge's pages: beside its interface, else on the repository's host."""
    if forge.api is not None:
        parts = urlsplit(forge.api)
        host = parts.netloc.removeprefix("api.") if FACTS[forge.kind].below_api else None
        return f"{parts.scheme}://{host or parts.netloc}"
    host = addresses.server(url)
    return f"https://{host}" if host else None
