"""Which module is which mode."""

from __future__ import annotations

from collections.abc import Mapping

from rollout.content.modes import absent, block, merge, once, whole
from rollout.content.modes.mode import Strategy, Traits
from rollout.model.inventory import Mode

_MODES: Mapping[Mode, Strategy] = {
    Mode.WHOLE: whole,
    Mode.BLOCK: block,
    Mode.MERGE: merge,
    Mode.ONCE: once,
    Mode.ABSENT: absent,
}


def strategy(mode: Mode) -> Strategy:
    return _MODES[mode]


def traits(mode: Mode) -> Traits:
    return _MODES[mode].TRAITS
