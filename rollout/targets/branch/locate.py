"""Find where a repository lives: its upstream and its checkout, or why there is none."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from rollout.checkout import discover
from rollout.git.access import Access
from rollout.git.git_folder import GitDir, NotOurs
from rollout.git.person import Person
from rollout.model.inventory import Branch
from rollout.model.plan import State
from rollout.model.reasons import said
from rollout.remote.upstream import Remote
from rollout.safety import addresses, shown
from rollout.targets.job import Unfit


class Located(Struct, frozen=True):
    """Where a target's upstream and its checkout are."""

    remote: Remote
    repo: GitDir | None
    local: bool  # the checkout's own branch is the upstream
    top: Path | None
    trouble: str | None = None  # why the path holds no usable checkout
    clone: bool = False  # the checkout is missing and can be cloned


def locate(where: Branch, person: Person, *, for_git: bool = True) -> Located:
    """Find upstream and the checkout; raise Unfit if there is no upstream.

    `for_git` says whether we will run git in the checkout.
    """
    repo, trouble = None, None
    top = where.checkout
    exists = top is not None and os.path.lexists(top)
    if top is not None and exists:
        try:
            repo = discover.discover(top, for_git=for_git)
        except NotOurs as error:
            trouble = str(error)
    if where.url is not None:
        return Located(_remote(where.url, where, person), repo, False, top, trouble, top is not None and not exists)
    if repo is None:
        if trouble is not None:
            raise Unfit(State.BLOCKED, said(trouble))
        raise Unfit(State.MISSING, said(f"there is no checkout at {top}, and the inventory has no url to clone from"))
    urls = repo.remote_urls(where.remote)
    if len(urls) > 1:
        raise Unfit(
            State.BLOCKED,
            said(f"remote {where.remote!r} has {len(urls)} addresses to push to; add a url to the target"),
        )
    if not urls:
        others = repo.remotes()
        if others:
            there = f"the checkout has no remote {where.remote!r} (it has: {', '.join(others)})"
            raise Unfit(
                State.BLOCKED, said(f"{there}; name it with `remote`, or the address with `url`, in the inventory")
            )
        return Located(Remote(str(repo.top), where.branch), repo, True, top)
    _acceptable(urls[0])
    return Located(_remote(_absolute(urls[0], repo.top), where, person), repo, False, top)


def _absolute(url: str, top: Path) -> str:
    if addresses.is_local(url) and "://" not in url:
        return os.path.normpath(top / Path(url).expanduser())
    return url


def _acceptable(url: str) -> None:
    why = addresses.refusal(url)
    if why:
        raise Unfit(State.BLOCKED, said(f"the address {shown.redact(url)!r} {why}"))


def _remote(url: str, where: Branch, person: Person) -> Remote:
    _acceptable(url)
    clean, secret = addresses.split_secret(url)
    access = Access(person.ssh_command, secret, person.patience)
    literal = not person.redirected
    return Remote(clean, where.branch, access, _beside(clean) if literal else None, literal)


def _beside(url: str) -> Path | None:
    """Return the folder on this machine that an address names, if git would read it the same way."""
    path = url.removeprefix("file://")
    return Path(path) if path.startswith("/") and "%" not in path else None
