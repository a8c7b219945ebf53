"""Find names of groups that may be mistyped: a target's beside one under `groups`, and one there without a target."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rollout.errors import Mistake, Place, near
from rollout.fleet.load import Loaded
from rollout.model.groups import GroupNames, NamedAt

_LEAST = 0.75
_OF_A_SERIES = re.compile(r"[\W_]*(?:\d+|(?<![^\W_])[^\W\d_](?![^\W_]))")  # a number or a single letter: web and web-2


def doubtful(loaded: Loaded) -> list[str]:
    """Return a warning for each doubtful name, where it stands first; a group may be for --limit alone."""
    return [str(Mistake(what, Place(loaded.shown, at.line))) for at, what in _doubts(loaded.inventory.groups)]


def _doubts(groups: GroupNames) -> Iterator[tuple[NamedAt, str]]:
    only_used = {name: at for name, at in groups.used.items() if name not in groups.defined}
    for name, at in only_used.items():
        meant = near(name, (other for other in groups.defined if _series(other) != _series(name)), least=_LEAST)
        if meant:
            yield at, f"{at.place}: there is no {name!r} under 'groups'{meant}"
    for name, at in groups.defined.items():
        if name not in groups.used:
            yield at, f"{at.place}: no target is in this group{near(name, only_used, least=_LEAST)}"


def _series(name: str) -> str:
    return _OF_A_SERIES.sub("", name)
