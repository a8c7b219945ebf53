"""Compare the repository as it is now with what a session's events say about it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 5
STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=normal")
FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")


@dataclass(frozen=True, slots=True)
class RepositoryNow:
    """The state that git reports; None for what it cannot tell, such as `ahead` of a branch without an upstream."""

    top: str
    branch: str | None
    head: str | None
    dirty: int
    unpushed: int | None


def read_repository(folder: Path) -> RepositoryNow | None:
    """Return the state of the repository that a folder is in; None if there is none, or if git does not answer."""
    top = _asked(folder, "rev-parse", "--show-toplevel")
    state = _asked(folder, *STATUS) if top else None
    return parse_status(top.rstrip("\n"), state) if top and state is not None else None


def parse_status(top: str, state: str) -> RepositoryNow:
    """Read git's own format for programs."""
    lines = [line for line in state.split("\n") if line]
    told = dict(line[len("# branch.") :].split(" ", 1) for line in lines if line.startswith("# branch."))
    branch, head, ahead = told.get("head"), told.get("oid"), told.get("ab")
    return RepositoryNow(
        top=top,
        branch=None if branch == "(detached)" else branch,
        head=None if head == "(initial)" else head,
        dirty=sum(not line.startswith("#") for line in lines),
        unpushed=int(ahead.split()[0].lstrip("+")) if ahead else None,
    )


def differences(answer: Mapping[str, object], now: RepositoryNow) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield each difference from what the events say, with its event."""
    for name, of_commit, is_now in (("branch", "branch", now.branch), ("head", "hash", now.head)):
        said, event = _latest(answer, name, of_commit)
        if said and is_now and not _same(name, said, is_now):
            yield f"{'HEAD' if name == 'head' else name} was {said[:12] if name == 'head' else said}", event
    turn = _mapping(answer.get("last_turn"))
    dirty = _mapping(turn.get("data")).get("dirty")
    if isinstance(dirty, int) and dirty != now.dirty:
        yield f"changed files were {dirty}", turn


def _latest(answer: Mapping[str, object], name: str, of_commit: str) -> tuple[str | None, Mapping[str, object]]:
    """Return the state in the newer of the last turn and the last commit."""
    turn, commit = _mapping(answer.get("last_turn")), _mapping(answer.get("last_commit"))
    said = [(_mapping(turn.get("data")).get(name), turn), (commit.get(of_commit), commit)]
    told = [(str(value), event) for value, event in said if value]
    return max(told, key=lambda pair: int(str(pair[1]["sequence_num"])), default=(None, {}))


def _same(name: str, said: str, is_now: str) -> bool:
    return said == is_now or (name == "head" and (is_now.startswith(said) or said.startswith(is_now)))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _asked(folder: Path, *words: str) -> str | None:
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    command = ("git", "-C", str(folder), "-c", "core.fsmonitor=false", *words)
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
            env=environment | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
