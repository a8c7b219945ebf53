"""Which module is which mode."""

from __future__ import annotations

from functools import cache
from typing import assert_never

from rollout.content.modes.mode import Strategy, Traits
from rollout.model.inventory import Mode


@cache
def strategy(mode: Mode) -> Strategy:
    """Return the module of a mode; it is loaded when the first file needs it, and most inventories have one or two."""
    match mode:
        case Mode.WHOLE:
            from rollout.content.modes import whole

            return whole
        case Mode.BLOCK:
            from rollout.content.modes import block

            return block
        case Mode.MERGE:
            from rollout.content.modes import merge

            return merge
        case Mode.ONCE:
            from rollout.content.modes import once

            return once
        case Mode.ABSENT:
            from rollout.content.modes import absent

            return absent
        case _:
            assert_never(mode)


def traits(mode: Mode) -> Traits:
    return strategy(mode).TRAITS
