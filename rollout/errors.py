"""The errors that a user can correct, in the user's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self


class Place(NamedTuple):
    """Where a mistake is: a file as the person named it, and the line."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


def mistake_text(where: object | None, what: str, way_out: str) -> str:
    """Return one mistake in one sentence: the place if there is one, what is wrong, the way out if there is one."""
    place = "" if where is None else f"{where}: "
    return f"{place}{what}" + (f"; {way_out}" if way_out else "")


class Mistake(NamedTuple):
    """One mistake: what is wrong, where, and the way out; the command as it was typed, where that is wrong."""

    what: str
    place: Place | None = None
    way_out: str = ""
    command: str = ""

    def __str__(self) -> str:
        return mistake_text(self.command or self.place, self.what, self.way_out)


class RolloutError(Exception):
    """An error that the user can correct: one or more mistakes, each with its place and the way out.

    Its text begins in lower case and is shown without a traceback; every other exception is a bug of ours and shows
    one.
    """

    def __init__(self, *mistakes: Mistake | str) -> None:
        super().__init__(*mistakes)
        self.mistakes = tuple(Mistake(one) if isinstance(one, str) else one for one in mistakes)

    @classmethod
    def at(cls, file: object, what: str, way_out: str = "", *, line: int | None = None) -> Self:
        """Return the error of one mistake in a file."""
        return cls(Mistake(what, Place(str(file), line), way_out))

    @classmethod
    def of(cls, command: str, what: str, way_out: str = "") -> Self:
        """Return the error of one mistake in a command as it was typed."""
        return cls(Mistake(what, way_out=way_out, command=command))

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))


class UsageError(RolloutError):
    """The command line, the inventory or a template is wrong: nothing has been touched (exit code 64)."""


class Refused(RolloutError):
    """A decision is missing, so nothing was changed (exit code 4)."""


class Busy(RolloutError):
    """Another run holds the lock (exit code 5)."""


class GitError(RolloutError):
    """Git said no; the text is its last words."""


class GitTimeout(GitError):
    """Git was ended because it took longer than its limit."""


class NoAnswer(GitTimeout):
    """Nothing was heard within the limit."""


class GitInterrupted(GitTimeout):
    """Git was ended because a signal told the run to end."""


class Damaged(GitError):
    """An object in one of our stores is damaged: the store is thrown away, and everything in it is fetched again."""


class Interrupted(Exception):  # no fault
    """A signal told the command to end before it changed anything."""

    def __init__(self, number: int, words: str = "interrupted") -> None:
        super().__init__(words)
        self.number = number
        self.words = words

    @property
    def exit_code(self) -> int:
        return 128 + self.number


def near(word: str, names: Iterable[str], otherwise: str = "", *, least: float = 0.6) -> str:
    """Return the end of a message about an unknown name: the name that may be meant, or else another way out.

    `least` is how alike they must be, from 0 to 1.
    """
    found = nearest(word, names, least)
    way_out = otherwise if found is None else f"did you mean {found!r}?"
    return f"; {way_out}" if way_out else ""


def nearest(word: str, names: Iterable[str], least: float) -> str | None:
    """Return the name that is most like a word, if one is; `least` is how alike they must be, from 0 to 1."""
    known = sorted(set(names))
    if not known:
        return None
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, least)), None)
