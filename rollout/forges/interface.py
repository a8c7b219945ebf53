"""The calls that every forge's interface has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from rollout.forges.http import Request
from rollout.forges.trouble import Failure, Trouble
from rollout.model.reviews import Checks, Review, Rules

T = TypeVar("T")


class Caller(Protocol):
    """What carries a request to the forge: our own client, or gh."""

    @property
    def host(self) -> str: ...

    def call(self, request: Request) -> Any: ...


class ReviewPlace(Struct, frozen=True):
    """The place of a review: its repository, its branch and the branch it is for."""

    project: str
    base: str
    branch: str


class Texts(Struct, frozen=True):
    """The texts of a review, and its other settings."""

    title: str
    body: str
    rules: Rules


class Interface(Protocol):
    """A forge's interface; each has a module of these calls."""

    def find(self, to: Caller, at: ReviewPlace) -> list[Review]:
        """Return the reviews of a branch, open and closed, the newest first."""

    def open(self, to: Caller, at: ReviewPlace, texts: Texts) -> tuple[Review, tuple[str, ...]]:
        """Open a review; return it, and what could not be set."""

    def update(self, to: Caller, at: ReviewPlace, review: Review, texts: Texts) -> Review: ...

    def state(self, to: Caller, at: ReviewPlace, review: Review) -> Review:
        """Return a review with its checks, who approved it, and whether it conflicts."""

    def close(self, to: Caller, at: ReviewPlace, review: Review) -> None: ...

    def merge(self, to: Caller, at: ReviewPlace, review: Review) -> None: ...

    def comment(self, to: Caller, at: ReviewPlace, review: Review, text: str) -> None: ...


def read(to: Caller, data: Any, form: type[T]) -> T:
    """Return an answer as a value; raise Trouble if it is not what the forge's documentation says."""
    try:
        return msgspec.convert(data, form, strict=False)
    except msgspec.ValidationError as error:
        raise Trouble(Failure.BROKEN, f"{to.host} gave an answer that such a forge does not give: {error}") from error


def get(to: Caller, path: str, form: type[T], **query: str | list[str]) -> T:
    return read(to, to.call(Request("GET", path, query or None)), form)


def send(to: Caller, method: str, path: str, body: Mapping[str, Any], form: type[T]) -> T:
    return read(to, to.call(Request(method, path, None, body)), form)


def tried(to: Caller, what: str, request: Request) -> Iterable[str]:
    """Set what a review can do without; yield what could not be set."""
    try:
        to.call(request)
    except Trouble as trouble:
        yield f"{what} could not be set: {trouble}"


def approved(opinions: Iterable[tuple[str, str]], denies: str) -> bool:
    """Tell whether somebody approves and nobody `denies`; of each person the last word that is one of these counts."""
    last = {person: word for person, word in opinions if word in {"APPROVED", "DISMISSED", denies}}
    return "APPROVED" in last.values() and denies not in last.values()


_WORDS = {
    Checks.RED: {"failure", "failed", "error", "timed_out", "cancelled", "canceled", "action_required", "stopped"},
    Checks.PENDING: {
        "pending", "running", "created", "queued", "in_progress", "waiting", "requested", "inprogress", "manual",
        "scheduled", "preparing", "waiting_for_resource", "notset",
    },
    Checks.GREEN: {"success", "successful", "succeeded", "passed", "neutral", "skipped", "notapplicable", "warning"},
}  # fmt: skip


def checks(words: Iterable[str]) -> Checks:
    """Sum up the results of checks, each in one word of its forge: one red check makes all red."""
    found = {word.lower() for word in words if word}
    if not found:
        return Checks.NONE
    for kind, known in _WORDS.items():
        if found & known:
            return kind
    return Checks.UNKNOWN
