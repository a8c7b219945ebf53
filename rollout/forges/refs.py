"""The refs on which forges keep what a review proposes, whatever becomes of its branch.

Written by https://docs.github.com/en/pull-requests (checking out pull requests locally), https://docs.gitlab.com/user/
project/merge_requests and https://docs.gitea.com/usage/pull-request.
"""

from __future__ import annotations

from typing import assert_never

from rollout.model.reviews import ForgeKind


def head_of(kind: ForgeKind | None, number: int | None) -> str | None:
    """Return the ref of a review's head; None where a forge keeps none."""
    if number is None:
        return None
    match kind:
        case ForgeKind.GITHUB | ForgeKind.GITEA:
            return f"refs/pull/{number}/head"
        case ForgeKind.GITLAB:
            return f"refs/merge-requests/{number}/head"
        case ForgeKind.BITBUCKET | ForgeKind.AZURE | ForgeKind.PAGURE | ForgeKind.GERRIT | None:
            return None
        case never:
            assert_never(never)
