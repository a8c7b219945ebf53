"""Ask a forge about the review of a proposal, and have it opened: once, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rollout.forges.clients import Client
from rollout.forges.interface import ReviewPlace, Texts
from rollout.forges.trouble import Failure, Trouble
from rollout.model.reviews import Review, ReviewState

_MAY_BE_DONE = {Failure.EXISTS, Failure.UNREACHABLE, Failure.BROKEN}  # an answer was lost, or somebody was faster


class ForgeReviews(Struct, frozen=True):
    """What a forge tells of a proposal: its reviews, newest first, or why it tells nothing."""

    reviews: tuple[Review, ...] = ()
    trouble: str = ""

    @property
    def open(self) -> Review | None:
        return _open(self.reviews)

    @property
    def is_over(self) -> bool:
        """Tell whether there were reviews, and none is open."""
        return bool(self.reviews) and self.open is None

    @property
    def newest(self) -> Review | None:
        return next(iter(self.reviews), None)


def _open(reviews: Iterable[Review]) -> Review | None:
    return next((one for one in reviews if one.state is ReviewState.OPEN), None)


def reviews_of(client: Client, at: ReviewPlace) -> ForgeReviews:
    """Return the reviews of a branch, the newest one with all that is known of it."""
    try:
        found = client.interface.find(client.to, at)
        chosen = _open(found) or next(iter(found), None)
        if chosen is None:
            return ForgeReviews()
        full = client.interface.state(client.to, at, chosen)
        return ForgeReviews(tuple(full if one is chosen else one for one in found))
    except Trouble as trouble:
        return ForgeReviews(trouble=str(trouble))


def open_review(
    client: Client, at: ReviewPlace, texts: Texts, *, renew: bool, known: Review | None = None
) -> tuple[Review, tuple[str, ...]]:
    """Return the open review of a branch, with these texts if it is to be renewed; raise Trouble if there is none.

    Nor is another one opened where a person has just ended the one that is known. The second value says what could not
    be done beside.
    """
    found = client.interface.find(client.to, at)
    there = _open(found)
    if there is not None:
        return (client.interface.update(client.to, at, there, texts) if renew else there), ()
    if known is not None and known.state is ReviewState.OPEN and any(one.number == known.number for one in found):
        raise Trouble(Failure.REFUSED, f"somebody has ended {known.url} meanwhile, and the next run goes by that")
    return _newly(client, at, texts)


def _newly(client: Client, at: ReviewPlace, texts: Texts) -> tuple[Review, tuple[str, ...]]:
    try:
        return client.interface.open(client.to, at, texts)
    except Trouble as trouble:
        there = _open(client.interface.find(client.to, at)) if trouble.kind in _MAY_BE_DONE else None
        if there is None:
            raise
        return there, ()


def merged(client: Client, at: ReviewPlace, review: Review) -> None:
    """Have a review merged; raise Trouble if it is not. A merge takes its time, and its answer may be lost."""
    try:
        client.interface.merge(client.to, at, review)
    except Trouble as trouble:
        if trouble.kind not in _MAY_BE_DONE:
            raise
        if client.interface.state(client.to, at, review).state is not ReviewState.MERGED:
            raise


class Closing(Struct, frozen=True):
    """What came of closing a review, in words, and whether it is closed by us or left open."""

    words: str = ""
    closed: bool = False
    left: bool = False


def closed(client: Client, at: ReviewPlace, why: str, head: str | None) -> Closing:
    """Close the open review of a branch with a reason, if it proposes the commit that we know of and nothing else."""
    try:
        there = _open(client.interface.find(client.to, at))
        if there is None:
            return Closing()
        if moved(there, head):
            return Closing(f"{there.url} stays: it has a commit that it had not when we looked", left=True)
        return Closing(f"{there.url} is closed{closed_saying(client, at, there, why)}", closed=True)
    except Trouble as trouble:
        return Closing(f"its review could not be closed: {trouble}", left=True)


def closed_saying(client: Client, at: ReviewPlace, review: Review, why: str) -> str:
    """Close a review, and say why once that is done, or each try would; return what could not be said."""
    client.interface.close(client.to, at, review)
    try:
        if why:
            client.interface.comment(client.to, at, review, why)
    except Trouble as trouble:
        return f"; its reason could not be said there: {trouble}"
    return ""


def moved(review: Review, head: str | None) -> bool:
    """Tell whether a review proposes another commit than we know of; some forges name only its beginning."""
    return bool(head and review.head) and not str(head).startswith(review.head)
