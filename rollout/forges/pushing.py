"""A push that opens a review by itself: its ref, its options, and what the answer says."""

from __future__ import annotations

import re
from typing import Protocol

from msgspec import Struct

from rollout.forges.interface import Texts
from rollout.model.reviews import Review, Rules

_ENDS = re.compile(r"[\x00\r\n]+")


class NewReview(Struct, frozen=True):
    """The review to open: its branch, its name, and its texts."""

    base: str
    topic: str
    title: str
    body: str  # in one line
    rules: Rules
    text: str = ""  # the same body unshortened, if there is room for it

    @property
    def texts(self) -> Texts:
        return Texts(self.title, self.text, self.rules)


class Pushing(Struct, frozen=True):
    """A ref to push to, and the options of the push."""

    ref: str
    options: tuple[str, ...] = ()


class Receipt(Struct, frozen=True):
    """What the receiver said of a push that it accepted: the ref that it made, and its words."""

    ref: str
    words: str


class ByPush(Protocol):
    """A way in which git's own push opens a review; each has a module with these four functions."""

    def find(self, wanted: NewReview) -> str:
        """Return the pattern of the refs that may carry the review."""

    def open(self, wanted: NewReview) -> Pushing: ...

    def update(self, wanted: NewReview) -> Pushing: ...

    def state(self, told: Receipt) -> Review | None:
        """Return the review that the receiver names."""


def line(key: str, value: str) -> str:
    """Return a push option; git takes neither a line end nor NUL in one."""
    return f"{key}={_ENDS.sub(' ', value)}" if value else key


def address_in(words: str, pattern: str) -> tuple[str, int] | None:
    """Return the last address in the receiver's words that a pattern matches, and the number in it."""
    found = list(re.finditer(rf"https?://[^\s<>\"']*{pattern}", words))
    return (found[-1][0], int(found[-1][1])) if found else None
