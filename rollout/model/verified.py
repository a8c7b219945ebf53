"""What `verify` finds wrong."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from rollout.safety.flaw import Flaw


class Where(StrEnum):
    """Which part of a target is not as it should be."""

    UPSTREAM = "upstream"
    CHECKOUT = "checkout"
    FOLDER = "folder"
    POLICY = "policy"
    DOCUMENT = "document"
    FORBIDDEN = "forbidden"
    BUDGET = "budget"
    CAPTURE = "capture"


class Unproved(Struct, frozen=True):
    """A document of a target, and its fault when it is tried on the event store."""

    target: str
    path: str
    flaw: Flaw
    where: Where = Where.DOCUMENT  # or CAPTURE: what hooks should have logged


class Mismatch(Struct, frozen=True):
    path: str
    where: Where
    reason: str
    line: int | None = None  # of the file, counted from one

    @property
    def words(self) -> str:
        return ": ".join(filter(None, (self.where, self.path, self.reason)))


class Verified(Struct, frozen=True):
    name: str
    mismatches: tuple[Mismatch, ...]

    @property
    def ok(self) -> bool:
        return not self.mismatches
