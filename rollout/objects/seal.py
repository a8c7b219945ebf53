"""The seal in a commit's message, by which rollout knows its own: a digest of it, and the branch it was made for.

Trailers alone prove nothing: a person who amends, squashes or resolves one of our commits keeps them. The seal then no
longer matches.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from rollout.model import tree_modes
from rollout.model.outcomes import Author
from rollout.objects.trees import PathChange, TreeEntry

_SEAL = re.compile(r"^Rollout-Seal: (\S*) ?(.*)\n?", re.MULTILINE)
_CHANGE = re.compile(r"^Rollout-Change: (\S*)\n?", re.MULTILINE)
_PROPOSED = re.compile(r"^Rollout-Inventory: ", re.MULTILINE)
_RUN = re.compile(r"^Rollout-Run: (\S+)", re.MULTILINE)
_AUTHOR = re.compile(rb"^author (.*) <(.*)> (\d+ [+-]\d{4})$", re.MULTILINE)
_COMMITTER = re.compile(rb"^committer .* <.*> (\d+ [+-]\d{4})$", re.MULTILINE)
_CRUD = "".join(map(chr, range(33))) + ".,:;<>\"\\'"  # what git takes off both ends of a name


def put(text: str, branch: str, author: Author, moved: Iterable[PathChange]) -> str:
    """Return a message with the seal of a commit that makes these changes, in place of any it had."""
    changes = list(moved)
    words = _CHANGE.sub("", _SEAL.sub("", text))
    if _PROPOSED.search(words):
        words = f"{words.rstrip()}\nRollout-Change: {_changes(changes)}\n"
    return f"{words.rstrip()}\nRollout-Seal: {_digest(words, branch, author, changes)} {branch}\n"


def squashed(commit: bytes, moved: Iterable[PathChange]) -> bool:
    """Tell whether a commit with one parent is a proposal of ours that a forge merged with words of its own.

    It squashes, and names its review and who approved it; its changes are still exactly those that we proposed.
    """
    found = _CHANGE.findall(_text(commit))
    return len(found) == 1 and bool(found[0] == _changes(moved))


def runs(text: str) -> list[str]:
    """Return the runs that a message names anywhere: a squash keeps our words, but not as trailers."""
    return _RUN.findall(text)


def claimed(text: str) -> bool:
    """Tell whether a message has exactly one seal: a squash of two commits of ours has both."""
    return len(_SEAL.findall(text)) == 1


def fits(commit: bytes, moved: Iterable[PathChange], branch: str | None = None) -> bool:
    """Tell whether a commit with one parent, which makes these changes, is as rollout sealed it.

    With `branch`, also whether it was made for that branch: a commit that a person picks from another one is their
    wish.
    """
    text = _text(commit)
    author = _AUTHOR.search(commit)
    found = _SEAL.findall(text)
    if author is None or len(found) != 1:
        return False
    digest, place = found[0]
    if branch is not None and place != branch:
        return False
    name, email = (part.decode("utf-8", "surrogateescape") for part in author.groups()[:2])
    return bool(digest == _digest(_SEAL.sub("", text), place, Author(name, email), moved))


def unsealed(commit: bytes) -> bool:
    """Tell whether a commit looks like those from before there were seals, and was never touched since.

    Both its dates are one instant in UTC; amending or picking a commit gives it a later second date.
    """
    author, committer = _AUTHOR.search(commit), _COMMITTER.search(commit)
    if author is None or committer is None or _SEAL.search(_text(commit)):
        return False
    return author[3] == committer[1] and author[3].endswith(b" +0000")


def _text(commit: bytes) -> str:
    return commit.partition(b"\n\n")[2].decode("utf-8", "surrogateescape")


def _digest(words: str, branch: str, author: Author, moved: Iterable[PathChange]) -> str:
    lines = [line.rstrip() for line in words.strip().split("\n")]
    said = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    whole = "\0".join([author.name.strip(_CRUD), author.email.strip(_CRUD), branch, said, *_lines(moved)])
    return hashlib.sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()


def _changes(moved: Iterable[PathChange]) -> str:
    return hashlib.sha256("\0".join(_lines(moved)).encode("utf-8", "surrogateescape")).hexdigest()


def _lines(moved: Iterable[PathChange]) -> list[str]:
    return sorted(f"{_shown(before)} {_shown(after)} {path}" for path, before, after in moved if before != after)


def _shown(side: TreeEntry) -> str:
    if side is None:
        return "-"
    mode, name = side
    return f"{tree_modes.reported(mode) if tree_modes.is_file(mode) else mode} {name}"
