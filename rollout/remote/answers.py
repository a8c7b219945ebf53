"""The answer to a push as a value, whether we pushed ourselves or ran `git push`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from rollout.errors import GitError, GitInterrupted, GitTimeout
from rollout.git import complaints
from rollout.git.run import Result
from rollout.safety.faults import first_line
from rollout.safety.shown import plain, redact

_VERDICT = re.compile(r"!\t[^\t]*\t\[(?:remote )?rejected\] \((.*)\)")  # git-push(1), OUTPUT
_STALE = "stale info"  # git's words for a lease that does not hold
_KEPT_OUT = re.compile(
    r"(?i:denied|not allowed|forbidden)|declined|returned error: 403"
)  # a server that denies access sends no report, only text


class Pushed(Struct, frozen=True):
    """The receiver says that it took the push."""


class Rejected(Struct, frozen=True):
    """The receiver says no, in its own words."""

    words: str


class Moved(Struct, frozen=True):
    """The branch is not where the lease expects it."""


class Unheard(Struct, frozen=True):
    """The receiver did not answer; `late` when it may still take the push."""

    reason: str
    late: bool = False


PushAnswer = Pushed | Rejected | Moved | Unheard


def unheard(error: GitError | OSError) -> Unheard:
    """Return the answer of a push that failed; one that was not waited for any longer, the server may still take."""
    if isinstance(error, GitInterrupted):
        return Unheard("interrupted before the server answered the push", late=True)
    if isinstance(error, GitTimeout):
        return Unheard("the server did not answer the push in time", late=True)
    return Unheard(first_line(str(error)))


def unseen(error: Exception) -> str:
    """Say why it was not seen where upstream's branch is after a push."""
    if isinstance(error.__cause__, GitInterrupted):
        return "interrupted before the server showed its branch after the push"
    return f"the server did not answer after the push ({first_line(str(error))})"


def of_git_push(result: Result) -> PushAnswer:
    """Parse the result of a `git push --porcelain` of one branch."""
    if result.code == 0:
        return Pushed()
    verdicts = [found[1] for line in result.lines if (found := _VERDICT.match(line))]
    if _STALE in verdicts:
        return Moved()
    hooks = [line.strip().removeprefix("remote:") for line in result.err.splitlines() if "remote:" in line]
    return refusal(hooks, verdicts) if verdicts else unreported(result, hooks)


def remote_words(err: str) -> str:
    """Return what the receiver and its hooks said to the person who pushes, a line each."""
    lines = (line.strip() for line in err.splitlines())
    return redact(
        "\n".join(plain(line.removeprefix("remote:").strip()) for line in lines if line.startswith("remote:"))
    )


def refusal(hooks: Iterable[str], verdicts: Iterable[str]) -> Rejected:
    """Return a refusal: first what the receiver's hooks said, then its own reason."""
    words = [plain(line.strip()) for line in (*hooks, *verdicts)]
    return Rejected(redact("; ".join(dict.fromkeys(filter(None, words))))[:600])


def unreported(result: Result, hooks: Iterable[str]) -> Rejected | Unheard:
    """Tell a server that denied us access from one that never reported."""
    if not _KEPT_OUT.search(result.err):
        return Unheard(result.words)
    said = refusal(hooks, ())
    return said if said.words else Rejected(complaints.complaint(result.err))
