"""Find who commits in a target's repository, from the person's own git configuration and its conditions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from rollout.checkout import discover
from rollout.content import patterns
from rollout.errors import GitError
from rollout.git.git_folder import NotOurs
from rollout.git.person import Person, conditional_includes, person_elsewhere, person_there
from rollout.git.run import Git
from rollout.model.inventory import Branch
from rollout.safety import addresses
from rollout.targets.job import Settings


def with_identity(settings: Settings, where: Branch) -> Settings:
    """Return the settings with the identity that git itself would use in the checkout.

    Without a checkout their conditions decide, by the address, the branch, and the path where it would be cloned.
    """
    if not settings.person.conditional:
        return settings
    return replace(settings, person=_there(settings.person, where))


def _there(person: Person, where: Branch) -> Person:
    try:
        git_dir = _git_dir(where.checkout)
        if git_dir is not None:
            return person_there(person, Git(git_dir=git_dir))
        return person_elsewhere(person, Git().with_options(*_as_if_there(where)))
    except GitError as error:
        return replace(person, identity=None, fault=f"git: {str(error).splitlines()[0]}")


def _git_dir(top: Path | None) -> Path | None:
    try:
        return discover.discover(top).git_dir if top is not None and os.path.lexists(top) else None
    except NotOurs:
        return None


class ConditionKind(StrEnum):
    """What a condition looks at, in git's words."""

    ON_BRANCH = "onbranch"
    GIT_DIR = "gitdir"
    GIT_DIR_ANY_CASE = "gitdir/i"


class Condition(Struct, frozen=True):
    """One `includeIf`: its condition, its file, and the file that contains it."""

    kind: ConditionKind
    pattern: str
    origin: Path

    def holds(self, git_dir: Path | None, branch: str) -> bool:
        """Tell what git would decide for a repository at `git_dir` that has `branch` checked out; see git-config(1)."""
        ways = () if git_dir is None else (str(git_dir), os.path.realpath(git_dir))
        match self.kind:
            case ConditionKind.ON_BRANCH:
                return _matches(self.pattern, branch)
            case ConditionKind.GIT_DIR:
                return any(_matches(self._place(), way) for way in ways)
            case ConditionKind.GIT_DIR_ANY_CASE:
                return any(_matches(self._place().lower(), way.lower()) for way in ways)
            case never:
                assert_never(never)

    def _place(self) -> str:
        if self.pattern.startswith("./"):
            return f"{os.path.realpath(self.origin.parent)}/{self.pattern[2:]}"
        place = os.path.expanduser(self.pattern)
        return place if place.startswith("/") else f"**/{place}"


def _matches(pattern: str, text: str) -> bool:
    whole = f"{pattern}**" if pattern.endswith("/") else pattern
    return patterns.matches_exactly(f"/{whole.removeprefix('/')}", text.removeprefix("/"))


def _as_if_there(where: Branch) -> Iterator[str]:
    """Yield the options with which git, run outside a repository, includes what it would in a clone of the target."""
    if where.url is not None:
        yield f"remote.{where.remote}.url={addresses.split_secret(where.url)[0]}"  # secrets do not belong in arguments
    git_dir = None if where.checkout is None else where.checkout / ".git"
    for key, path, origin in conditional_includes():
        kind, _, pattern = key.partition(":")
        if kind in set(ConditionKind) and Condition(ConditionKind(kind), pattern, origin).holds(git_dir, where.branch):
            yield f"include.path={os.path.join(origin.parent, os.path.expanduser(path))}"
