"""What rollout's own commits did to each path, read out of `git log` and kept between runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.model import tree_modes
from rollout.model.files import File
from rollout.model.own_writes import FileShare, lasting
from rollout.objects import messages, seal
from rollout.objects.trees import PathChange, TreeEntry, entry_of

# How to list commits that may be ours: the id, then the paths that it touched.
LOG = (
    "log", "--no-renames", "--no-abbrev", "--raw", "-r", "-z", "--diff-merges=off", "--no-color",
    "--grep=^Rollout-Run: ", "--format=%H",
)  # fmt: skip


class Touch(Struct, frozen=True, array_like=True):
    """One path in a commit that names a run of ours: ids and modes before and after; None for no file.

    `ours` is false if somebody amended, squashed or resolved it: then its content is not what rollout wrote.
    """

    commit: str
    target: str
    before: TreeEntry
    after: TreeEntry
    merged: str | None = None
    run: str = ""
    ours: bool = True
    kept: str | None = None  # the commit only records that the file was kept when this was asked for
    held: str | None = None  # what was asked for when a revert wrote this in spite of it
    base: TreeEntry = None  # what we had taken over there: of a document, and where this is a merge of drift
    share: FileShare | None = None  # how much of the file was ours then, where others had written some of it
    at: str | None = None  # the upstream commit, of others, in which we found it although its own was not there

    @property
    def wrote(self) -> bool:
        """Tell whether this is what rollout wrote."""
        return self.ours and self.kept is None

    @property
    def gives_back(self) -> bool:
        """Tell whether a revert wrote it."""
        return self.share is FileShare.GIVEN_BACK


History = dict[PurePosixPath, list[Touch]]  # newest first


def own(touches: Iterable[Touch]) -> list[Touch]:
    """Return what was written by us."""
    return [touch for touch in touches if touch.wrote]


def in_force(touches: Iterable[Touch]) -> list[Touch]:
    """Return what was written by us and no revert took back, newest first.

    Where it is not known which write a revert took back, nothing of ours is left in the file.
    """
    found = lasting(own(touches)[::-1])[::-1]
    unknown = next((place for place, touch in enumerate(found) if touch.gives_back), None)
    return found if unknown is None else [*found[:unknown], replace(found[unknown], share=FileShare.NONE)]


def newest(touches: Iterable[Touch]) -> Touch | None:
    """Return our newest write; None if there is none."""
    return next((touch for touch in touches if touch.wrote), None)


def is_given_back(touches: Iterable[Touch], there: TreeEntry) -> bool:
    """Tell whether a file is as a revert left it, and we have not written it since."""
    last = newest(touches)
    return last is not None and last.gives_back and last.after == there


def undoing(touches: list[Touch], now: TreeEntry, before: TreeEntry) -> list[Touch]:
    """Return the touches as they will be when a revert has made of what is there now what was there before."""
    last = newest(touches)
    if last is None:
        return touches
    return [replace(last, before=now, after=before, share=FileShare.GIVEN_BACK), *touches]


def held(touches: Iterable[Touch]) -> str | None:
    """Return what was asked for when a file was reverted, if we have not written it since."""
    last = newest(touches)
    return None if last is None else last.held


def kept(touches: Iterable[Touch]) -> str | None:
    """Return what was asked for when a file was kept, if we have not written it since."""
    newest = next((touch for touch in touches if touch.ours), None)
    return None if newest is None else newest.kept


def blobs_of(
    history: Mapping[PurePosixPath, list[Touch]],
    managed: Iterable[PurePosixPath],
    merged: Collection[PurePosixPath],
) -> set[str]:
    """Return the blobs that rollout wrote at the managed paths; for merged ones, all that it ever wrote."""
    needed: set[str] = set()
    for path in managed:
        for touch in in_force(history.get(path, [])):
            last = path not in merged and touch.merged is None
            needed |= {entry[1] for entry in ((touch.after,) if last else (touch.before, touch.after)) if entry}
            if last:
                break
    return needed


def taken_over(history: History, managed: Iterable[PurePosixPath]) -> set[str]:
    """Return the blobs that others had at the managed paths when we took them over, as far as they are still needed."""
    bases = [touch.base for path in managed for touch in in_force(history.get(path, ()))]
    return {base[1] for base in bases if base}


def disputed(touches: list[Touch]) -> bool:
    """Tell whether the newest commit here is one of ours that somebody changed, with its own content unknown."""
    newer = list(takewhile(lambda touch: not touch.ours, (touch for touch in touches if touch.kept is None)))
    known = {touch.run for touch in own(touches)} if newer else set()
    return any(touch.run not in known for touch in newer)


def recalled(found: History, known: History) -> History:
    """Return the result of a search, with what we remember of our commits that somebody has changed since."""
    return {path: _recalled(touches, own(known.get(path, ()))) for path, touches in found.items()}


def _recalled(touches: list[Touch], known: list[Touch]) -> list[Touch]:
    there = {touch.run for touch in own(touches)}
    result: list[Touch] = []
    for touch in touches:
        result.append(touch)
        if not touch.ours and touch.run not in there:
            result += [original for original in known if original.run == touch.run]
            there.add(touch.run)
    return result


def entry_file(entry: TreeEntry, contents: Mapping[str, bytes]) -> File | None:
    return File(contents[entry[1]], entry[0] == tree_modes.EXECUTABLE) if entry and entry[1] in contents else None


def parse_log(out: bytes) -> list[tuple[str, list[PathChange]]]:
    """Return each commit with its changed paths. A path is recognised by the text before it, whatever its name."""
    found: list[tuple[str, list[PathChange]]] = []
    words = iter(out.decode("utf-8", "surrogateescape").split("\0"))
    for word in words:
        line = word.lstrip("\n")
        if line.startswith(":"):
            found[-1][1].append(_moved(line, next(words)))
        elif line:
            found.append((line, []))
    return found


def touches_of(name: str, commit: bytes, moved: list[PathChange]) -> list[tuple[PurePosixPath, Touch]]:
    """Return the changes of a commit that names a run of ours, and whether it is still as we made it."""
    parents, text = messages.parts(commit)
    squashed = seal.squashed(commit, moved)
    text = messages.up_to_ours(text) if squashed else text
    run, target = messages.run_and_target(text)
    made = squashed or seal.fits(commit, moved)
    ours = len(parents) == 1 and (made or (bool(run and target) and seal.unsealed(commit)))
    named = run if ours and run else " ".join(seal.runs(text)[-1:])
    plain = Touch(name, target or "", None, None, None, named, ours)
    notes = _notes(text if ours else "")
    writes = [(path, notes.on(replace(plain, before=old, after=new), path)) for path, old, new in moved]
    return [*(keeps_of(name, text) if ours else ()), *writes]  # the person decided to keep it knowing what was written


class _Notes(Struct, frozen=True):
    """What one of our messages records about files that its commit writes, by path."""

    merged: Mapping[str, str]
    held: Mapping[str, str]
    shares: Mapping[str, FileShare]

    def on(self, touch: Touch, path: PurePosixPath) -> Touch:
        name = str(path)
        return replace(touch, merged=self.merged.get(name), held=self.held.get(name), share=self.shares.get(name))


def _notes(text: str) -> _Notes:
    return _Notes(messages.merged(text), messages.held(text), messages.shares(text))


def keeps_of(commit: str, text: str) -> list[tuple[PurePosixPath, Touch]]:
    """Return what our commit's message records about files that it left as others had them."""
    run, target = messages.run_and_target(text)
    return [
        (PurePosixPath(path), Touch(commit, target or "", None, None, None, run or "", kept=asks))
        for path, asks in messages.kept(text).items()
    ]


def by_path(found: Iterable[tuple[PurePosixPath, Touch]]) -> History:
    history: History = {}
    for path, touch in found:
        history.setdefault(path, []).append(touch)
    return history


def raw_entries(text: str) -> Iterator[PathChange]:
    """Parse `--raw -z` output: path, (mode, id) before, (mode, id) after."""
    words = text.split("\0")
    for meta, path in zip(words[::2], words[1::2], strict=False):
        yield _moved(meta, path)


def _moved(meta: str, path: str) -> PathChange:
    old_mode, new_mode, old, new, _ = meta.lstrip(":\n").split(" ")
    before = None if set(old) == {"0"} else (old_mode, old)
    after = None if set(new) == {"0"} else (new_mode, new)
    return PurePosixPath(path), before, after


def touch(commit: str, target: str, path: PurePosixPath, sides: tuple[File | None, File | None], text: str) -> Touch:
    """Return what a commit of ours with this message did to a file, given both sides."""
    before, after = (entry_of(file, commit) for file in sides)
    run = messages.run_and_target(text)[0] or ""
    return _notes(text).on(Touch(commit, target, before, after, run=run), path)


def newest_of(found: Iterable[tuple[PurePosixPath, Touch]]) -> str | None:
    """Return the newest commit of ours in a search: log gives them newest first."""
    return next((touch.commit for _, touch in found if touch.ours), None)


def joined(new: History, old: History) -> History:
    return {path: [*new.get(path, []), *old.get(path, [])] for path in {**old, **new}}
