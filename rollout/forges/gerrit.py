"""Gerrit makes a change of a push to refs/for/BRANCH, and a new patch set of it while the Change-Id is the same.

Written by https://gerrit-review.googlesource.com/Documentation/user-upload.html and error-change-closed.html.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from rollout.forges.pushing import NewReview, Pushing, Receipt, address_in
from rollout.model.reviews import Review

_CLOSED = re.compile(r"change \S+ closed", re.IGNORECASE)
_KNOWN = re.compile(r"no new changes", re.IGNORECASE)


def find(_wanted: NewReview) -> str:
    return "refs/changes/*"


def open(wanted: NewReview) -> Pushing:  # noqa: A001
    rules = wanted.rules
    said = [
        f"topic={quote(wanted.topic, safe='/')}",
        *(f"r={quote(one)}" for one in (*rules.reviewers, *rules.teams)),
        *(f"cc={quote(one)}" for one in rules.assignees),
        *(f"hashtag={quote(label)}" for label in rules.labels),
        *(["wip"] if rules.draft else []),
    ]
    return Pushing(f"refs/for/{wanted.base}%{','.join(said)}")


def update(wanted: NewReview) -> Pushing:
    return open(wanted)


def state(told: Receipt) -> Review | None:
    found = address_in(told.words, r"/\+/(\d+)")
    return None if found is None else Review(found[0], found[1])


def change_id(*words: str) -> str:
    """Return the Change-Id of a proposal: the same words, the same change."""
    return "I" + hashlib.sha1("\0".join(words).encode(), usedforsecurity=False).hexdigest()


def closed(words: str) -> bool:
    """Tell whether Gerrit refused a push because a person abandoned the change, or merged it."""
    return _CLOSED.search(words) is not None


def has_it_already(words: str) -> bool:
    """Tell whether Gerrit refused a push because it has the very commit."""
    return _KNOWN.search(words) is not None
