"""Find the default branch of a repository's remote, whatever is checked out here."""

from __future__ import annotations

from msgspec import Struct

from rollout.errors import GitError
from rollout.git.person import Person
from rollout.model.inventory import Branch
from rollout.remote import upstream
from rollout.safety import addresses
from rollout.targets.branch.locate import locate
from rollout.targets.job import Unfit


class NoDefault(Exception):
    """There is no default branch; the text says why."""


class Default(Struct, frozen=True):
    """The default branch of a checkout's remote; two repositories with one `identity` are the same."""

    branch: str
    url: str
    identity: str


def default_of(where: Branch, person: Person) -> Default:
    """Ask a checkout's remote for its default branch; raise NoDefault if there is none."""
    try:
        at = locate(where, person, for_git=False)
        if at.local:
            raise NoDefault("has no remote")
        branch = upstream.default_branch(at.remote)
    except Unfit as error:
        raise NoDefault(str(error)) from error
    except GitError as error:
        raise NoDefault(f"its remote does not answer: {error}".split("\n", 1)[0]) from error
    if branch is None:
        raise NoDefault("its remote has no commits, or no default branch")
    return Default(branch, at.remote.url, addresses.identity(at.remote.url))
