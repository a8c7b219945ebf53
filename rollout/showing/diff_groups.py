"""The differences of many targets: each once, and once for all that change the same lines or nearly the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from msgspec import Struct, field

from rollout.model.action import Action
from rollout.model.plan import Change, Step
from rollout.safety.shown import plain
from rollout.showing import likeness
from rollout.showing.colour import count
from rollout.showing.diffs import ChangedLines, changed, cut, diff_of, paint_diff
from rollout.showing.display import Display
from rollout.showing.likeness import Words
from rollout.showing.names import names
from rollout.showing.wrapping import wrapped

_TOLD = 5  # groups of other words to tell
_TRIED = 20  # groups that a difference is held against


class _Distinct(Struct):
    """One difference and the targets that have it; `others` are the words that differ from what is shown."""

    diff: str
    targets: list[str]
    others: dict[str, str] = field(default_factory=dict)


class _Group(Struct):
    """Differences of one path that are told as one: the first is shown."""

    path: PurePosixPath
    lines: ChangedLines
    words: Words
    members: dict[str, _Distinct]

    @property
    def first(self) -> _Distinct:
        return next(iter(self.members.values()))

    @property
    def targets(self) -> list[str]:
        return [target for one in self.members.values() for target in one.targets]

    @property
    def other_words(self) -> dict[str, list[str]]:
        """Return in which words targets differ from what is shown."""
        found: dict[str, list[str]] = {}
        for one in self.members.values():
            if one.others:
                found.setdefault(likeness.told(one.others), []).extend(one.targets)
        return found


def text(steps: Sequence[Step], how: Display) -> list[str]:
    """Return each distinct diff with its targets; those that change the same lines are told as one, unless all is."""
    groups = list(_whole(steps) if how.whole else _alike(steps))
    return [*(line for group in groups for line in _shown(group, how)), *_idle(steps, how)]


def _changes(steps: Sequence[Step]) -> Iterator[tuple[str, Change]]:
    yield from (
        (step.target, change)
        for step in steps
        for change in step.changes
        if change.action is not Action.ERROR and not change.idle
    )


def _whole(steps: Sequence[Step]) -> Iterator[_Group]:
    groups: dict[str, _Group] = {}
    for target, change in _changes(steps):
        diff = diff_of(change)
        group = groups.setdefault(diff, _Group(change.path, changed(diff), (), {diff: _Distinct(diff, [])}))
        group.first.targets.append(target)
    yield from groups.values()


def _alike(steps: Sequence[Step]) -> Iterator[_Group]:
    """Yield the groups of differences whose changed lines are equal, or are so but for some words."""
    groups: dict[object, list[_Group]] = {}
    order: list[_Group] = []
    for target, change in _changes(steps):
        diff = diff_of(change)
        lines = changed(diff)
        near = groups.setdefault((change.path, likeness.shape(lines)), [])
        group = next((one for one in near if diff in one.members), None) or _joined(near, lines, target)
        if group is None:
            group = _Group(change.path, lines, likeness.words(lines), {})
            near.append(group)
            order.append(group)
        group.members.setdefault(diff, _Distinct(diff, [], _others(group, lines, target) or {})).targets.append(target)
    yield from order


def _joined(near: Sequence[_Group], lines: ChangedLines, target: str) -> _Group | None:
    return next((group for group in near[:_TRIED] if _others(group, lines, target) is not None), None)


def _others(group: _Group, lines: ChangedLines, target: str) -> dict[str, str] | None:
    if not group.members or lines == group.lines:
        return {}
    return likeness.replaced(group.words, likeness.words(lines), {group.first.targets[0]: target})


def _shown(group: _Group, how: Display) -> list[str]:
    diff = group.first.diff
    shown = paint_diff(diff if how.whole else cut(diff), how.paint)
    heading = [how.paint(line, "bold") for line in wrapped(_heading(group, how), how.width)]
    return [*heading, *(line for words in _differing(group) for line in wrapped(words, how.width, "    ")), shown, ""]


def _heading(group: _Group, how: Display) -> str:
    targets = group.targets
    named, many = names(targets, whole=how.whole), count(len(targets), "target")
    if len(group.members) == 1:
        return f"{plain(str(group.path))} in {named}" + (f" ({many}, the same diff)" if len(targets) > 1 else "")
    number = group.lines.number
    nearly = "nearly " if group.other_words else ""
    lines = f"{nearly}the same " + ("line changes" if number == 1 else f"{number} lines change")
    return f"{plain(str(group.path))}: {lines} in {many}: {named}"


def _differing(group: _Group) -> Iterator[str]:
    """Yield how the other differences of a group differ from the one that is shown."""
    found = group.other_words
    if not found:
        if len(group.members) > 1:
            yield "the lines around the change differ; -v shows each diff"
        return
    yield f"as in {plain(group.first.targets[0])}; the words of others (-v shows each diff):"
    for words, targets in list(found.items())[:_TOLD]:
        yield f"  {names(targets)}: {plain(words)}"
    left = sum(map(len, list(found.values())[_TOLD:]))
    if left:
        yield f"  and words of their own in {count(left, 'more target')}"


def _idle(steps: Sequence[Step], how: Display) -> Iterator[str]:
    """Yield a line for each file that stays as it is."""
    found: dict[PurePosixPath, list[str]] = {}
    for step in steps:
        for change in step.changes:
            if change.action is not Action.ERROR and change.idle:
                found.setdefault(change.path, []).append(step.target)
    for path, targets in found.items():
        said = f"{plain(str(path))} in {names(targets, whole=how.whole)}: stays as it is"
        yield from (*wrapped(said, how.width), "")
