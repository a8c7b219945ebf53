"""Who the person is in a target's repository: their own git configuration, with its conditions, says it for each."""

from __future__ import annotations

import os

from msgspec.structs import replace

from rollout import addresses, git, gitdir
from rollout.git import Git, GitError, Person
from rollout.gitdir import NotOurs
from rollout.locate import Settings
from rollout.model import Branch


def settled(settings: Settings, where: Branch) -> Settings:
    """Return the settings with the person as they are there: what git itself would call them in the checkout.

    Without a checkout it is what the conditions say of the address.
    """
    if not settings.person.conditional:
        return settings
    return replace(settings, person=_there(settings.person, where))


def _there(person: Person, where: Branch) -> Person:
    try:
        return git.person_there(person, _runner(where))
    except GitError as error:
        return replace(person, identity=None, fault=f"git: {str(error).splitlines()[0]}")


def _runner(where: Branch) -> Git:
    top = where.checkout
    if top is not None and os.path.lexists(top):
        try:
            return Git(git_dir=gitdir.discover(top).git_dir)
        except NotOurs:
            pass  # nothing is written there
    return Git() if where.url is None else Git().with_options(f"remote.{where.remote}.url={_clean(where.url)}")


def _clean(url: str) -> str:
    """Return an address as it may stand in an argument, without its secret."""
    return addresses.split_secret(url)[0]
