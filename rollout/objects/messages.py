"""Write the message of a commit with its trailers, and read them back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.errors import UsageError
from rollout.model.outcomes import Author, Run
from rollout.model.own_writes import FileShare
from rollout.model.plan import Change

_LATEST = 4_102_444_800  # 2100-01-01: no clock that is only slightly wrong goes beyond it


def committed_at(commit: bytes) -> int:
    """Return the date of a commit; 0 if it has none that a clock could have given."""
    match = re.search(rb"^committer .*> (\d+) [+-]\d{4}$", commit.partition(b"\n\n")[0], re.MULTILINE)
    said = int(match[1]) if match and len(match[1]) < 20 else 0
    return said if said < _LATEST else 0


def dated(now: int, parent: bytes) -> int:
    """Return the date of a commit on `parent`: now, but after its parent as far as that one's date can be believed."""
    return max(now, committed_at(parent) + 1)


def parts(commit: bytes) -> tuple[list[str], str]:
    """Return a commit's parents and its message."""
    head, _, text = commit.partition(b"\n\n")
    parents = [line[7:].decode() for line in head.split(b"\n") if line.startswith(b"parent ")]
    return parents, text.decode("utf-8", "surrogateescape")


def default_subject(named: Iterable[str | PurePosixPath]) -> str:
    """Return the default subject of a commit that changes the files at these paths."""
    paths = list(named)
    return f"Roll out {paths[0]}" if len(paths) == 1 else f"Roll out {len(paths)} managed files"


def up_to_ours(text: str) -> str:
    """Return a message without what a forge put after our trailers when it squashed."""
    paragraphs = text.split("\n\n")
    ours = [n for n, paragraph in enumerate(paragraphs) if re.search(r"^Rollout-Run: ", paragraph, re.MULTILINE)]
    return "\n\n".join(paragraphs[: ours[-1] + 1]) if ours else text


def merged(text: str) -> dict[str, str]:
    """Return the paths where our message records an accepted merge of drift, with the sha256."""
    return _noted(text, "Rollout-Merged: ")


def kept(text: str) -> dict[str, str]:
    """Return the paths that our message records as kept, with what was asked for there."""
    return _noted(text, "Rollout-Kept: ")


def held(text: str) -> dict[str, str]:
    """Return the paths that our message records as held, with what was asked for there."""
    return _noted(text, "Rollout-Held: ")


def shares(text: str) -> dict[str, FileShare]:
    """Return the paths where our message records how much of the file is ours, because others wrote some of it."""
    return {path: FileShare(said) for path, said in _noted(text, _SHARE).items() if said in set(FileShare)}


def given_back(text: str) -> set[str]:
    """Return the paths that our message, of a revert, records as given back."""
    return {path for path, share in shares(text).items() if share is FileShare.GIVEN_BACK}


def _noted(text: str, key: str) -> dict[str, str]:
    last = text.rstrip("\n").rpartition("\n\n")[2]
    named = [line.partition(": ")[2] for line in last.split("\n") if line.startswith(key)]
    return dict(line.rpartition(" ")[::2] for line in named if " " in line)


def run_and_target(text: str) -> tuple[str | None, str | None]:
    """Return the run that one of our own messages names, and the target."""
    last = text.rstrip("\n").rpartition("\n\n")[2]
    named = dict(line.partition(": ")[::2] for line in last.split("\n"))
    return named.get("Rollout-Run"), named.get("Rollout-Target")


def inventory(text: str) -> str:
    """Return the word that names the proposing inventory in one of our messages."""
    last = text.rstrip("\n").rpartition("\n\n")[2]
    return next((line.partition(": ")[2] for line in last.split("\n") if line.startswith(INVENTORY)), "")


def words(text: str) -> str:
    """Return what a person said in one of our messages: it without our own trailers."""
    before, _, last = text.rstrip("\n").rpartition("\n\n")
    theirs = _OURS.sub("", f"{last}\n").rstrip("\n")
    return "\n\n".join(filter(None, (before, theirs)))


def change_id(text: str) -> str:
    found = re.search(r"^Change-Id: (I[0-9a-f]{40})$", text, re.MULTILINE)
    return "" if found is None else found[1]


def topic(text: str) -> str:
    """Return the name that a forge has for a proposal that was started again."""
    found = re.search(r"^Rollout-Topic: (\S+)$", text, re.MULTILINE)
    return "" if found is None else found[1]


_OURS = re.compile(r"^(?:Rollout-[A-Za-z]+|Change-Id): .*\n", re.MULTILINE)
_SHARE = "Rollout-Share: "
INVENTORY = "Rollout-Inventory: "
TOPIC = "Rollout-Topic: "


class CommitWords(Struct, frozen=True):
    """A person's words for the commits of a run; a message of None leaves the text to us, or as it is."""

    message: str | None = None
    trailers: tuple[str, ...] = ()
    signoff: bool = False

    @property
    def given(self) -> bool:
        return self.message is not None or bool(self.trailers) or self.signoff

    def lines(self, committer: Author) -> tuple[str, ...]:
        """Return the trailers that these words ask for."""
        return (*self.trailers, *([f"Signed-off-by: {committer.shown}"] if self.signoff else []))


def as_given(text: str) -> str:
    """Return a person's words for commits, with git's line ends; raise UsageError if a trailer of ours is in them."""
    lines = re.sub(r"\r\n?", "\n", text).strip()
    ours = re.search(r"^(rollout-[a-z]+)[ \t]*:", lines, re.MULTILINE | re.IGNORECASE)
    if ours is not None:
        raise UsageError(f"--message: trailers that begin with Rollout- are rollout's own; take out {ours[1]!r}")
    return lines


def trailer(text: str) -> str:
    """Return a trailer as git writes it; raise UsageError if it is not one, or is one of ours."""
    match = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*[:=][ \t]*(\S.*)", text.strip())
    if match is None or not match[2].isprintable():
        raise UsageError(f"--trailer takes \"KEY: VALUE\", the key of letters, digits and '-', not {text!r}")
    if match[1].lower().startswith("rollout-"):
        raise UsageError(f"--trailer {text!r}: trailers that begin with Rollout- are rollout's own")
    return f"{match[1]}: {match[2]}"


def message(subject: str, run: Run, target: str, changes: Iterable[Change], more: Iterable[str] = ()) -> str:
    """Return the commit message: the person's words, then the trailers by which rollout knows its own commits.

    Trailers at the end of the person's words, the trailers in `more` and ours form one block.
    """
    first = " ".join(subject.split("\n", 1)[0].split()) or "rollout"
    body = subject.split("\n", 1)[1].strip("\n") if "\n" in subject else ""
    said = f"{first}\n\n{body.rstrip()}" if body.strip() else first
    theirs = _trailers_at_the_end(said)
    trailers = [line for line in more if line not in theirs]
    trailers += [f"Rollout-Run: {run.id}", f"Rollout-Plan: {run.digest}", f"Rollout-Target: {target}"]
    made = list(changes)
    trailers += [f"Rollout-Merged: {change.path} {change.template}" for change in made if change.template]
    trailers += [f"{_SHARE}{change.path} {change.share}" for change in made if change.share]
    trailers += dict.fromkeys(keeps(made))
    return said + ("\n" if theirs else "\n\n") + "\n".join(trailers) + "\n"


def keeps(changes: Iterable[Change]) -> list[str]:
    """Return the trailers that record which files are kept as others left them, and which are held."""
    made = list(changes)
    found = [f"Rollout-Kept: {change.path} {change.asks}" for change in made if change.keep]
    return found + [f"Rollout-Held: {change.path} {change.asks}" for change in made if change.hold and change.asks]


_BY_GIT = ("Signed-off-by: ", "(cherry picked from commit ")
_TRAILER = re.compile(r"[A-Za-z0-9-]+[ \t]*:")


def _trailers_at_the_end(text: str) -> list[str]:
    """Return the lines of the last paragraph if git takes it for trailers; see git-interpret-trailers(1).

    All its lines are trailers, or one is git's own and a quarter of them are. The first paragraph never is.
    """
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", text)
    lines = paragraphs[-1].split("\n") if len(paragraphs) > 1 else []
    trailers, others, inside = 0, 0, False
    for line in lines:
        if line[:1] in {" ", "\t"} and inside:
            continue  # continues the trailer above
        inside = line.startswith(_BY_GIT) or _TRAILER.match(line) is not None
        trailers, others = trailers + inside, others + (not inside)
    by_git = any(line.startswith(_BY_GIT) for line in lines)
    return lines if trailers and (not others or (by_git and trailers * 3 >= others)) else []
