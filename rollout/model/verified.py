"""What `verify` finds wrong."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


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
