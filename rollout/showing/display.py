"""How text is shown: with which colours, how wide, and whether all of it."""

from __future__ import annotations

from msgspec import Struct

from rollout.showing.colour import Paint


class Display(Struct, frozen=True):
    """What decides how a text looks; without a width nothing is wrapped, and a `whole` text is shortened nowhere."""

    paint: Paint
    width: int | None = None
    whole: bool = False
