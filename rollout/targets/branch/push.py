"""Push our commit, and ask upstream for the result: only the branch's new place is proof."""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct

from rollout.errors import GitError, GitTimeout
from rollout.git.run import Result
from rollout.remote import answers
from rollout.remote.answers import Moved, PushAnswer, Pushed, Rejected, Unheard
from rollout.remote.upstream import NoBranch, Unreachable, ask
from rollout.safety.faults import first_line
from rollout.store import fetch, lineage, pending, push
from rollout.targets.branch.task import Built, Task


class NotWritten(Struct, frozen=True):
    """Upstream does not have the commit, because no push reached it."""

    reason: str


class Unknown(Struct, frozen=True):
    """We cannot tell whether upstream has the commit; `seen` if we saw its branch in the old place."""

    reason: str
    seen: bool


Landed = Pushed | Rejected | Moved | NotWritten | Unknown


def land(task: Task, built: Built) -> Landed:
    """Push the commit and look where upstream's branch is afterwards; sync a commit that did not arrive to the disk."""
    answer = _answer(task, built)
    try:
        now = ask(task.at.remote)
    except NoBranch:
        pending.drop(task.store)
        raise
    except (Unreachable, OSError) as error:
        return Unknown(answers.unseen(error), seen=False)
    try:
        arrived = now == built.commit or (now != built.base and _contains(task, built.commit, now))
    except (GitError, OSError) as error:
        reason = f"upstream moved on after the push and could not be fetched ({first_line(str(error))})"
        return Unknown(reason, seen=False)
    if arrived:
        return Pushed()
    if now != built.base:
        return Moved()
    pending.keep(task.store, built.commit)
    return not_arrived(answer)


def _answer(task: Task, built: Built) -> PushAnswer:
    try:
        return push.push(task.store, built.commit, built.base)
    except GitTimeout as error:
        return answers.unheard(error)
    except (GitError, OSError) as error:
        return answers.unreported(Result(-1, b"", str(error)), ())  # this does not say where the branch is now


def _contains(task: Task, commit: str, now: str) -> bool:
    return lineage.reaches(task.store, commit, fetch.commit(task.store, now))


def not_arrived(answer: PushAnswer) -> Landed:
    """Say why upstream's branch has not moved: it refused, we did not reach it, or it does not show the push yet."""
    match answer:
        case Rejected():
            return answer
        case Moved():  # and yet upstream shows the old commit
            return Rejected("the branch is not where upstream shows it (stale info; is it a mirror that lags?)")
        case Pushed():
            reason = "the server took the push but still shows the old commit (is it a mirror that lags?); run it again"
            return Unknown(reason, seen=True)
        case Unheard(reason, late=True):
            return Unknown(f"{reason}; it may still take it", seen=True)
        case Unheard(reason):
            return NotWritten(reason)
        case never:
            assert_never(never)
