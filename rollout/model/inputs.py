"""What a plan was made of beside the templates: files that templates read."""

from __future__ import annotations

from msgspec import Struct


class Input(Struct, frozen=True):
    """One input of a managed file: a file of a target, or the files that a pattern matched.

    `managed` says that rollout itself writes it, and did not find it.
    """

    path: str
    target: str
    sha256: str | None
    glob: bool = False
    managed: bool = False
