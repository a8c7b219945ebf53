"""What `verify` finds wrong."""

from __future__ import annotations

from msgspec import Struct


class Mismatch(Struct, frozen=True):
    path: str
    where: str  # upstream, checkout, folder, policy or document
    reason: str


class Verified(Struct, frozen=True):
    name: str
    mismatches: tuple[Mismatch, ...]

    @property
    def ok(self) -> bool:
        return not self.mismatches
