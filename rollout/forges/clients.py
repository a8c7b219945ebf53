"""A forge that can be asked: its interface, and what carries requests to it."""

from __future__ import annotations

import base64
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from rollout.forges import azure, bitbucket, gerrit_http, gh, gitea, github, gitlab, pagure, tokens
from rollout.forges.http import Http
from rollout.forges.interface import Caller, Interface, ReviewPlace
from rollout.forges.known import forge_of, project_of
from rollout.model.reviews import Delivery, Forge, ForgeKind, Review, Via

_INTERFACES: dict[ForgeKind, Interface] = {
    ForgeKind.GITHUB: github,
    ForgeKind.GITLAB: gitlab,
    ForgeKind.GITEA: gitea,
    ForgeKind.BITBUCKET: bitbucket,
    ForgeKind.AZURE: azure,
    ForgeKind.PAGURE: pagure,
    ForgeKind.GERRIT: gerrit_http,
}


class Client(Struct, frozen=True):
    """A forge's interface, and the way to it."""

    interface: Interface
    to: Caller
    via: Via

    @property
    def opens(self) -> bool:
        """Tell whether it can open a review: Gerrit does that by a push and in no other way."""
        return self.interface is not gerrit_http


def client(forge: Forge | None, patience: float) -> Client | None:
    """Return how to ask a forge: by gh if a person is logged in there, else with a token; None if there is neither."""
    if forge is None or forge.api is None or forge.kind not in _INTERFACES:
        return None
    interface = _INTERFACES[forge.kind]
    host = gh.logged_in(forge) if forge.kind is ForgeKind.GITHUB else None
    program = tokens.gh_program()
    if host is not None and program is not None:
        return Client(interface, gh.Gh(program, host, patience), Via.GH)
    token = tokens.token_for(forge)
    if token is None:
        return None
    return Client(interface, Http(forge.api, _headers(forge.kind, token), patience), Via.HTTP)


def review_client(
    delivery: Delivery, url: str, base: str, branch: str, patience: float
) -> tuple[Client, ReviewPlace] | None:
    """Return how to ask the forge of a repository about the reviews of a branch into `base`; None as `client` does."""
    asked = client(forge_of(delivery, url), patience)
    return None if asked is None else (asked, ReviewPlace(project_of(url), base, branch))


def variable_of(delivery: Delivery, url: str) -> str:
    """Return the variable that takes a token for the forge of a repository; "" where none would help."""
    return tokens.missing(forge_of(delivery, url))


def unasked(review: Review | None, delivery: Delivery, url: str) -> Review | None:
    """Return a review whose state is unknown, because nobody is logged in to its forge."""
    token = variable_of(delivery, url)
    return None if review is None else replace(review, unknown="without a token" + (f" ({token})" if token else ""))


def _headers(kind: ForgeKind, token: str) -> tuple[tuple[str, str], ...]:
    match kind:
        case ForgeKind.GITHUB:
            return (
                ("Authorization", f"Bearer {token}"),
                ("Accept", "application/vnd.github+json"),
                ("X-GitHub-Api-Version", "2022-11-28"),
            )
        case ForgeKind.GITLAB:
            return (("PRIVATE-TOKEN", token),)
        case ForgeKind.AZURE:
            return (("Authorization", "Basic " + base64.b64encode(f":{token}".encode()).decode()),)
        case ForgeKind.BITBUCKET | ForgeKind.GERRIT if ":" in token:
            return (("Authorization", "Basic " + base64.b64encode(token.encode()).decode()),)
        case ForgeKind.BITBUCKET | ForgeKind.GERRIT:
            return (("Authorization", f"Bearer {token}"),)
        case ForgeKind.GITEA | ForgeKind.PAGURE:
            return (("Authorization", f"token {token}"),)
        case never:
            assert_never(never)
