"""The refs on which forges keep what a review proposes, whatever becomes of its branch.

Written by https://docs.github.com/en/pull-requests (checking out pull requests locally), https://docs.gitlab.com/user/
project/merge_requests and https://docs.gitea.com/usage/pull-request.
"""

from __future__ import annotations

import re
from typing import assert_never

from rollout.model.reviews import ForgeKind

_PULL = re.compile(r"refs/pull/(\d+)/head\Z")


def number_of(ref: str) -> int | None:
    """Return the number of the pull request whose head a ref is."""
    found = _PULL.match(ref)
    return None if found is None else int(found[1])


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
