"""The page of a forge on which a person opens a review of a branch."""

from __future__ import annotations

from typing import assert_never
from urllib.parse import quote, urlsplit

from rollout.forges.known import on_the_web, project_of
from rollout.model.reviews import Forge, ForgeKind, Review
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
    match forge.kind:
        case ForgeKind.GITHUB:
            return f"{site}/{project}/compare/{base}...{branch}?expand=1"
        case ForgeKind.GITLAB:
            query = f"merge_request[source_branch]={branch}&merge_request[target_branch]={base}"
            return f"{site}/{project}/-/merge_requests/new?{query}"
        case ForgeKind.GITEA:
            return f"{site}/{project}/compare/{base}...{branch}"
        case ForgeKind.BITBUCKET:
            return f"{site}/{project}/pull-requests/new?source={branch}&dest={base}"
        case ForgeKind.AZURE:
            return f"{site}/{project}/pullrequestcreate?sourceRef={branch}&targetRef={base}"
        case ForgeKind.PAGURE:
            return f"{site}/{project}/diff/{base}..{branch}"
        case ForgeKind.GERRIT:
            return None
        case never:
            assert_never(never)


def web_site(forge: Forge, url: str) -> str | None:
    """Return the address of a forge's pages: beside its interface, else on the repository's host."""
    if forge.api is not None:
        parts = urlsplit(forge.api)
        host = parts.netloc.removeprefix("api.") if forge.kind in {ForgeKind.GITHUB, ForgeKind.BITBUCKET} else None
        return f"{parts.scheme}://{host or parts.netloc}"
    host = addresses.server(url)
    return f"https://{host}" if host else None
