"""What rollout last wrote at a path, from its own commits and the contents in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import takewhile

from rollout.model.files import File, Written
from rollout.model.own_writes import FileShare, nothing_of_others
from rollout.objects.trees import TreeEntry
from rollout.store import history
from rollout.store.history import Touch


def written(touches: list[Touch], contents: Mapping[str, bytes], names: Collection[str]) -> Written | None:
    """Return what rollout last wrote at a path; None if it wrote nothing. `names` are those that the target has had."""
    mine = history.in_force(touches)
    if not mine:
        return Written(None, disputed=True) if history.disputed(touches) else None
    newest, present = mine[0], _present(mine)
    known = [
        (_content(old, contents), _content(new, contents), anew)
        for old, new, anew in _sides(present)
        if new and new[1] in contents and (old is None or old[1] in contents)
    ]
    file = history.entry_file(newest.after, contents)
    return Written(
        file=file,
        commit=newest.commit,
        ours=tuple((old, new) for old, new, _ in known),
        merged=newest.merged,
        merge_base=_merge_base(mine, contents),
        merges=_merges(mine, contents),
        disputed=history.disputed(touches) or (file is None and newest.after is not None),
        alone=nothing_of_others(
            [(touch.before, touch.after) for touch in reversed(present)], newest.share, newest.merged
        ),
        share=newest.share,
        anew=frozenset(number for number, (_, _, anew) in enumerate(known) if anew),
        own=any(touch.target in names for touch in mine),
    )


def _present(mine: list[Touch]) -> list[Touch]:
    """Return our writes since one that left nothing of ours in the file."""
    return list(takewhile(lambda touch: touch.share is not FileShare.NONE, mine))


def _sides(mine: list[Touch]) -> Iterator[tuple[TreeEntry, TreeEntry, bool]]:
    """Yield our writes, oldest first, and whether they took over what had become others' own.

    A document that was taken over counts as a write that changed nothing.
    """
    for touch in reversed(mine):
        if touch.base and touch.merged is None:
            yield touch.base, touch.base, False
        yield touch.before, touch.after, touch.share is FileShare.PART_ANEW


def _since_plain(mine: list[Touch]) -> list[Touch]:
    """Return the newest merges of drift, newest first, down to our last write that was none."""
    if not mine or mine[0].merged is None:
        return []
    plain = next((n for n, touch in enumerate(mine) if touch.merged is None), len(mine))
    taken = next((n + 1 for n, touch in enumerate(mine[:plain]) if touch.base), plain)
    return mine[:taken]


def _merge_base(mine: list[Touch], contents: Mapping[str, bytes]) -> File | None:
    """Return what was ours before the newest merges of drift, or taken over."""
    merges = _since_plain(mine)
    if merges and merges[-1].base:
        return history.entry_file(merges[-1].base, contents)
    below = mine[len(merges) : len(merges) + 1]
    return history.entry_file(below[0].after, contents) if merges and below else None


def _merges(mine: list[Touch], contents: Mapping[str, bytes]) -> tuple[tuple[File, File], ...]:
    sides = [
        (history.entry_file(touch.before, contents), history.entry_file(touch.after, contents))
        for touch in reversed(_since_plain(mine))
    ]
    return tuple((before, after) for before, after in sides if before is not None and after is not None)


def _content(entry: TreeEntry, contents: Mapping[str, bytes]) -> bytes:
    return contents[entry[1]] if entry else b""
