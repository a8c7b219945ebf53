"""The repositories of an organisation or a group, as its forge lists them, or as a command prints them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, assert_never
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from rollout.errors import RolloutError
from rollout.forges.clients import client
from rollout.forges.http import Request
from rollout.forges.interface import Caller, read
from rollout.forges.tokens import missing
from rollout.machine import commands
from rollout.model.reviews import Forge, ForgeKind
from rollout.safety import addresses

_ON_PAGE = 100
_MOST_PAGES = 500


class Listed(Struct, frozen=True):
    """A repository as its source names it."""

    name: str
    url: str
    archived: bool = False
    topics: tuple[str, ...] = ()
    fork: bool = False


class _GitHub(Struct):
    name: str
    ssh_url: str
    archived: bool = False
    fork: bool = False
    topics: list[str] = field(default_factory=list)

    def listed(self) -> Listed:
        return Listed(self.name, self.ssh_url, self.archived, tuple(self.topics), self.fork)


class _GitLab(Struct):
    path: str
    ssh_url_to_repo: str
    archived: bool = False
    forked_from_project: Any = None
    topics: list[str] = field(default_factory=list)

    def listed(self) -> Listed:
        forked = self.forked_from_project is not None
        return Listed(self.path, self.ssh_url_to_repo, self.archived, tuple(self.topics), forked)


def of_forge(forge: Forge, group: str, patience: float) -> list[Listed]:
    """Return the repositories of an organisation or a group; raise RolloutError if they cannot be listed."""
    asked = client(forge, patience)
    if asked is None:
        raise RolloutError(f"{forge.kind.value}:{group}: nobody is logged in to {forge.api}; set {missing(forge)}")
    match forge.kind:
        case ForgeKind.GITHUB:
            return [one.listed() for one in _pages(asked.to, f"/orgs/{quote(group)}/repos", _GitHub, "per_page")]
        case ForgeKind.GITEA:
            return [one.listed() for one in _pages(asked.to, f"/orgs/{quote(group)}/repos", _GitHub, "limit")]
        case ForgeKind.GITLAB:
            path = f"/groups/{quote(group, safe='')}/projects"
            return [one.listed() for one in _pages(asked.to, path, _GitLab, "per_page", include_subgroups="true")]
        case ForgeKind.BITBUCKET | ForgeKind.AZURE | ForgeKind.PAGURE | ForgeKind.GERRIT:
            raise RolloutError(f"{forge.kind.value}:{group}: lists no repositories here; use command:CMD")
        case never:
            assert_never(never)


def _pages(to: Caller, path: str, form: type[Any], size: str, **query: str) -> Iterator[Any]:
    for page in range(1, _MOST_PAGES + 1):
        asked = Request("GET", path, {**query, size: str(_ON_PAGE), "page": str(page)})
        found = read(to, to.call(asked), list[form])  # type: ignore[valid-type]  # a type is a value here
        yield from found
        if not found:
            return


def of_command(command: str, limit: float) -> list[Listed]:
    """Return what a command prints, one address or one JSON object a line; raise RolloutError if it fails."""
    try:
        said = commands.run(command, limit)
    except commands.TooSlow as error:
        raise RolloutError(f"command:{command}: {error}; --timeout SECONDS waits longer") from error
    except commands.CutShort as error:
        raise RolloutError(f"command:{command}: {error}") from error
    if said.code:
        last = (said.err.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"])[-1]
        raise RolloutError(f"command:{command}: exits with {said.code} ({last})")
    return list(_lines(command, said.out.decode("utf-8", "replace").splitlines()))


def _lines(command: str, lines: Iterable[str]) -> Iterator[Listed]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("{"):
            try:
                yield msgspec.convert(json.loads(text), Listed)
            except (ValueError, msgspec.ValidationError) as error:
                raise RolloutError(f"command:{command}: line {number}: {error}") from error
        elif text:
            yield Listed(re.sub(r"[^A-Za-z0-9._-]+", "-", addresses.path_of(text).rpartition("/")[2]), text)
