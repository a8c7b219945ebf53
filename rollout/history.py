"""What rollout's own commits did to each path, read out of `git log` and kept between runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from rollout.model import File, Obstacle, Written
from rollout.trees import Blob, git_id

# How our commits are asked for: the ids, then the trailers that make a commit ours, then the paths it touched.
LOG = (
    "log", "--no-renames", "--no-abbrev", "--raw", "-r", "-z", "--diff-merges=off", "--no-color",
    "--grep=^Rollout-Run: ", "--format=" + "%x1e%H%x1f" + "%x1f".join(
        f"%(trailers:key={name},valueonly,separator=%x1d)"
        for name in ("Rollout-Run", "Rollout-Target", "Rollout-Merged")
    ) + "%x1f",
)  # fmt: skip


class Touch(Struct, frozen=True):
    """One path in one of rollout's commits: ids and modes before and after; None where there was no file."""

    commit: str
    target: str
    before: tuple[str, str] | None
    after: tuple[str, str] | None
    merged: str | None = None


def blobs_of(
    history: Mapping[PurePosixPath, list[Touch]],
    managed: Iterable[PurePosixPath],
    entries: Mapping[PurePosixPath, Blob | Obstacle | None],
) -> set[str]:
    """Return the blobs that hold what rollout wrote at the managed paths."""
    needed: set[str] = set()
    for path in managed:
        for touch in history.get(path, []):
            needed |= {entry[1] for entry in (touch.before, touch.after) if entry}
            if path.suffix.lower() not in {".json", ".jsonc", ".yaml", ".yml"} and touch.merged is None:
                needed -= {touch.before[1]} if touch.before else set()
                break
    return needed


def written(touches: list[Touch], contents: Mapping[str, bytes]) -> Written:
    newest = touches[0]
    own = next((t for t in touches if t.merged is None), None)
    pairs = tuple(
        (_content(touch.before, contents), _content(touch.after, contents))
        for touch in reversed(touches)
        if touch.after and touch.after[1] in contents and (touch.before is None or touch.before[1] in contents)
    )
    return Written(
        file=entry_file(newest.after, contents),
        commit=newest.commit,
        ours=pairs,
        merged=newest.merged,
        merge_base=entry_file(own.after, contents) if own and newest.merged else None,
    )


def _content(entry: tuple[str, str] | None, contents: Mapping[str, bytes]) -> bytes:
    return contents[entry[1]] if entry else b""


def entry_file(entry: tuple[str, str] | None, contents: Mapping[str, bytes]) -> File | None:
    return File(contents[entry[1]], entry[0] == "100755") if entry and entry[1] in contents else None


def parse_log(out: bytes) -> dict[PurePosixPath, list[Touch]]:
    history: dict[PurePosixPath, list[Touch]] = {}
    for record in out.decode("utf-8", "surrogateescape").split("\x1e")[1:]:
        commit, run, target, merged, raw = record.split("\x1f", 4)
        if not run or not target:
            continue  # the words stand in the message, but not as trailers
        merges = merged_trailers(merged)
        for path, before, after in raw_entries(raw.strip("\0\n")):
            touch = Touch(commit, target.split("\x1d")[-1].strip(), before, after, merges.get(str(path)))
            history.setdefault(path, []).append(touch)
    return history


def merged_trailers(text: str) -> dict[str, str]:
    """Parse `Rollout-Merged: PATH SHA256` trailers: the paths at which a merge of drift was accepted."""
    return dict(line.rpartition(" ")[::2] for line in text.split("\x1d") if " " in line)


def raw_entries(text: str) -> Iterator[tuple[PurePosixPath, tuple[str, str] | None, tuple[str, str] | None]]:
    """Parse `--raw -z` output: path, (mode, id) before, (mode, id) after."""
    words = text.split("\0")
    for meta, path in zip(words[::2], words[1::2], strict=False):
        old_mode, new_mode, old, new, _ = meta.lstrip(":\n").split(" ")
        before = None if set(old) == {"0"} else (old_mode, old)
        after = None if set(new) == {"0"} else (new_mode, new)
        yield PurePosixPath(path), before, after


def from_memo(memo: Mapping[str, Any]) -> dict[PurePosixPath, list[Touch]]:
    found: dict[PurePosixPath, list[Touch]] = {}
    for path, touches in memo.get("history", {}).items():
        found[PurePosixPath(path)] = [Touch(t[0], t[1], _pair(t[2]), _pair(t[3]), t[4]) for t in touches]
    return found


def entry_of(file: File | None, commit: str) -> tuple[str, str] | None:
    return None if file is None else (file.mode, git_id(file.content, len(commit)))


def _pair(entry: list[str] | None) -> tuple[str, str] | None:
    return (entry[0], entry[1]) if entry else None


def newest_of(history: Mapping[PurePosixPath, list[Touch]]) -> str | None:
    """Return the newest commit of a search: log gives them newest first, and dictionaries keep that order."""
    return next((touches[0].commit for touches in history.values()), None)


def as_memo(history: Mapping[PurePosixPath, list[Touch]]) -> dict[str, Any]:
    return {
        str(path): [[t.commit, t.target, t.before, t.after, t.merged] for t in touches]
        for path, touches in history.items()
    }


def joined(
    new: dict[PurePosixPath, list[Touch]], old: dict[PurePosixPath, list[Touch]]
) -> dict[PurePosixPath, list[Touch]]:
    return {path: [*new.get(path, []), *old.get(path, [])] for path in {**old, **new}}
