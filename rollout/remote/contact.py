"""Contact remotes: a few at a time for each host, over one ssh connection, and again when the host throttles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rollout.errors import GitError, GitInterrupted, NoAnswer
from rollout.git.access import Access
from rollout.git.process import NO_ANSWER
from rollout.git.run import LOCAL, Git, Result
from rollout.machine import waiting
from rollout.remote import ssh
from rollout.remote.ssh import KeptAway, lines, pause
from rollout.safety import addresses

if TYPE_CHECKING:
    from rollout.remote.ssh_session import SshSession


_AT_ONCE = 32
_AT_ONCE_BY_SSH = 8  # sshd takes ten sessions on one connection, and ten connections that have not logged in yet
_TRIES = 5
_PAUSE = 0.3  # seconds before the second try, and twice as long before each further one

# A host's words when it has too many connections. It has done nothing yet, so we may ask again.
_THROTTLED = re.compile(
    r"kex_exchange_identification|ssh_exchange_identification|Session open refused|Not allowed at this time"
    r"|returned error: (429|503)"
)


def run(
    runner: Git,
    url: str,
    access: Access,
    *arguments: str,
    stdin: bytes = b"",
    limit: float = LOCAL,
    ok: Sequence[int] = (0,),
) -> Result:
    """Run a git command that contacts the remote at `url`, like `Git.run`, once its host may have another contact."""
    host = addresses.host(url)
    if not host:
        return runner.with_access(access).run(*arguments, stdin=stdin, limit=limit, ok=ok)
    if ssh.away:
        raise KeptAway
    contact = runner.with_access(replace(access, line=lines.path(url, access)))
    limit -= lines.waited(url, access)
    if limit <= 0:
        raise NoAnswer(NO_ANSWER)
    for attempt in range(_TRIES):
        with _turn(host, _AT_ONCE if addresses.ssh_destination(url) is None else _AT_ONCE_BY_SSH):
            result = contact.attempt(*arguments, stdin=stdin, limit=limit)
        if not result.code or not _THROTTLED.search(result.err):
            break
        if attempt < _TRIES - 1:
            pause(waiting.pause(_PAUSE, attempt))
    if ok and result.code not in ok:
        raise GitError(result.words)
    return result


@contextmanager
def session(
    url: str, access: Access, program: str, environment: Mapping[str, str], limit: float
) -> Iterator[SshSession | None]:
    """Run one of git's programs on the host of `url`, over a connection that is already open.

    Yields None when there is no such connection: nothing has been done, and the caller runs git instead.
    """
    path = addresses.ssh_path(url)
    line = None if path is None else lines.path(url, access)
    if line is None or path is None:
        yield None
        return
    from rollout.remote import ssh_session

    with ExitStack() as open_:
        open_.enter_context(_turn(addresses.host(url), _AT_ONCE_BY_SSH))
        try:
            made = open_.enter_context(ssh_session.opened(line, f"{program} {_quoted(path)}", environment, limit))
        except ssh_session.NoSession:
            made = None
        yield made


def _quoted(path: str) -> str:
    """Quote a path for an unknown shell, as git does."""
    return "'" + path.replace("'", "'\\''").replace("!", "'\\!'") + "'"


def answers(url: str, access: Access) -> bool:
    """Tell whether a host answers, by opening the connection that later contacts share."""
    return lines.path(url, access) is not None


# --- turns

_contacts: dict[str, BoundedSemaphore] = {}  # one for each host

_contacts_lock = Lock()


@contextmanager
def _turn(host: str, most: int) -> Iterator[None]:
    """Wait until fewer than `most` contacts with the host are open, and hold one for the block."""
    with _contacts_lock:
        contacts = _contacts.setdefault(host, BoundedSemaphore(most))
    with waiting.waiting():
        while not contacts.acquire(timeout=0.2):
            if waiting.interrupted.is_set():
                raise GitInterrupted("interrupted")
    try:
        yield
    finally:
        contacts.release()
