"""What `verify` finds wrong."""

from __future__ import annotations

from msgspec import Struct


class Mismatch(Struct, frozen=True):
    path: str
    where: str  # upstream, checkout, folder, policy or document
    reason: str

    @property
    def words(self) -> str:
        return ": ".join(filter(None, (self.where, self.path, self.reason)))


class Verified(Struct, frozen=True):
    name: str
    mismatches: tuple[Mismatch, ...]

    @property
    def ok(self) -> bool:
        return not self.mismatches
