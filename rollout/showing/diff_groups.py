"""The differences of many targets: each once, and once for all that change the same lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from rollout.model.plan import Action, Step
from rollout.safety.shown import plain
from rollout.showing.colour import count
from rollout.showing.diffs import changed, cut, diff_of, paint_diff
from rollout.showing.display import Display
from rollout.showing.names import names
from rollout.showing.wrapping import wrapped

Diffs = dict[str, list[str]]  # each distinct diff, with the targets it is about


def text(steps: Sequence[Step], how: Display) -> list[str]:
    """Return each distinct diff with its targets; those that change the same lines are told as one, unless all is."""
    return [line for path, diffs in _groups(steps, whole=how.whole) for line in _shown(path, diffs, how)]


def _groups(steps: Sequence[Step], *, whole: bool) -> Iterator[tuple[PurePosixPath, Diffs]]:
    groups: dict[object, tuple[PurePosixPath, Diffs]] = {}
    for step in steps:
        for change in step.changes:
            if change.action is not Action.ERROR:
                diff = diff_of(change)
                key = diff if whole else (change.path, changed(diff))
                _, diffs = groups.setdefault(key, (change.path, {}))
                diffs.setdefault(diff, []).append(step.target)
    yield from groups.values()


def _shown(path: PurePosixPath, diffs: Diffs, how: Display) -> list[str]:
    first = next(iter(diffs))
    shown = paint_diff(first if how.whole else cut(first), how.paint)
    heading = [how.paint(line, "bold") for line in wrapped(_heading(path, diffs, how), how.width)]
    if len(diffs) > 1:
        heading += wrapped("what stands around them differs; -v shows each diff", how.width)
    return [*heading, shown, ""]


def _heading(path: PurePosixPath, diffs: Diffs, how: Display) -> str:
    targets = [target for found in diffs.values() for target in found]
    named, many = names(targets, whole=how.whole), count(len(targets), "target")
    if len(diffs) == 1:
        return f"{plain(str(path))} in {named}" + (f" ({many}, the same diff)" if len(targets) > 1 else "")
    number = changed(next(iter(diffs))).number
    lines = count(number, "line")
    return f"{plain(str(path))}: the same {lines} change{'s' * (number == 1)} in {many}: {named}"
