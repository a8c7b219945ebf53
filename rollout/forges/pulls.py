"""A pull request as GitHub, Gitea and Forgejo tell it."""

from __future__ import annotations

from msgspec import Struct

from rollout.model.markers import marker_in
from rollout.model.reviews import Review, ReviewState


class Head(Struct):
    sha: str


class Pull(Struct, kw_only=True):
    number: int
    html_url: str
    state: str
    title: str
    head: Head
    updated_at: str
    body: str | None = None
    mergeable: bool | None = None


def review_of(pull: Pull, *, merged: bool) -> Review:
    """Return a pull request as a review; whether a closed one was merged is told in another way by each forge."""
    closed = ReviewState.MERGED if merged else ReviewState.DECLINED
    return Review(
        pull.html_url,
        pull.number,
        ReviewState.OPEN if pull.state == "open" else closed,
        conflicts=None if pull.mergeable is None else not pull.mergeable,
        title=pull.title,
        updated_at=pull.updated_at,
        head=pull.head.sha,
        marker=marker_in(pull.body or ""),
    )
