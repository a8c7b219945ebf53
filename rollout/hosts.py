"""Contact with remotes: so many at once for each host, over one ssh connection, and again where a host throttles."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from rollout import addresses, git, turns
from rollout.git import Access, Git, GitError, GitTimeout, Result

if TYPE_CHECKING:
    from rollout.mux import Session

_AT_ONCE = 32
_AT_ONCE_BY_SSH = 8  # sshd takes ten sessions on one connection, and ten connections that have not logged in yet
_TRIES = 5
_PAUSE = 0.3  # seconds before the second try, and twice as long before each further one
_FIRST = 3.0  # seconds that whoever has something to say waits for a shared connection to be there
_POLL = 0.01
_IDLE = 30  # seconds after which a shared connection that nobody uses ends by itself, should we be killed
_GRACE = 2.0  # seconds for a shared connection to end when it is told to
_FOLDER = "rollout-ssh-"
# macOS takes 104 bytes for a socket's path; ssh puts 17 letters more there while it makes it.
_LONGEST = 104 - 1 - 6 - 17 - 1

# What a host says that has too many to talk to just now. It has done nothing yet, so it may be asked again.
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
    limit: float = git.LOCAL,
    ok: Sequence[int] = (0,),
) -> Result:
    """Run a git command that contacts the remote at `url`, as `Git.run` does, when it is its host's turn."""
    host = addresses.host(url)
    if not host:
        return runner.with_access(access).run(*arguments, stdin=stdin, limit=limit, ok=ok)
    if _away:
        raise KeptAway
    contact = runner.with_access(replace(access, line=_lines.path(url, access)))
    for attempt in range(_TRIES):
        with _turn(host, _AT_ONCE if addresses.ssh_destination(url) is None else _AT_ONCE_BY_SSH):
            result = contact.attempt(*arguments, stdin=stdin, limit=limit)
        if not result.code or not _THROTTLED.search(result.err):
            break
        if attempt < _TRIES - 1:
            _pause(turns.pause(_PAUSE, attempt))
    if ok and result.code not in ok:
        raise GitError(result.words)
    return result


class KeptAway(BaseException):
    """This process contacts no host: what holds for a host, its turns and its connections, is in another one."""


_away = False


def keep_away() -> None:
    """Let every contact with a host raise KeptAway from now on."""
    global _away
    _away = True


@contextmanager
def session(
    url: str, access: Access, program: str, environment: Mapping[str, str], limit: float
) -> Iterator[Session | None]:
    """Run a program of git on the host of `url`, for the repository there, where a connection to it is open.

    None where that cannot be, and git itself is to be asked; nothing has been done then.
    """
    path = addresses.ssh_path(url)
    line = None if path is None else _lines.path(url, access)
    if line is None or path is None:
        yield None
        return
    from rollout import mux

    with ExitStack() as open_:
        open_.enter_context(_turn(addresses.host(url), _AT_ONCE_BY_SSH))
        try:
            made = open_.enter_context(mux.opened(line, f"{program} {_quoted(path)}", environment, limit))
        except mux.Refused:
            made = None
        yield made


def _quoted(path: str) -> str:
    """Quote a path as git does for a shell that it does not know."""
    return "'" + path.replace("'", "'\\''").replace("!", "'\\!'") + "'"


def answers(url: str, access: Access) -> bool:
    """Tell whether a host answers: what is said to it goes over a connection that is open."""
    return _lines.path(url, access) is not None


def _pause(seconds: float) -> None:
    with turns.waiting():
        told = git.interrupted.wait(seconds)
    if told:
        raise GitTimeout("interrupted")


# --- turns

_contacts: dict[str, BoundedSemaphore] = {}  # that a host may have open
_contacts_lock = Lock()


@contextmanager
def _turn(host: str, most: int) -> Iterator[None]:
    """Wait until fewer than the most that may be are in contact with a host."""
    with _contacts_lock:
        contacts = _contacts.setdefault(host, BoundedSemaphore(most))
    with turns.waiting():
        while not contacts.acquire(timeout=0.2):
            if git.interrupted.is_set():
                raise GitTimeout("interrupted")
    try:
        yield
    finally:
        contacts.release()


# --- shared ssh connections


_Key = tuple[str, ...]  # the ssh command, and the arguments that tell it where to go


class _Line(Struct, frozen=True):
    """A connection that was asked for: its socket, how ssh is told about it, and the process that opens it."""

    place: str
    command: str
    opening: subprocess.Popen[bytes]
    waited_for: float  # until when who has something to say waits for it

    def opens(self) -> bool:
        """Tell whether it has logged in and gone to the background, once that is settled or has taken its time."""
        while self.opening.poll() is None and time.monotonic() < self.waited_for:
            _pause(_POLL)
        return self.opening.poll() == 0


class _Lines(Struct):
    """The ssh connections that this process shares among its contacts with one host.

    To log in takes longer than all that is said then, so it is done once, before the first contact. Where it fails,
    each contact goes by itself, as the person's configuration says, and tells what is wrong.
    """

    wanted: bool = False
    folder: Path | None = None
    lines: dict[_Key, _Line] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def path(self, url: str, access: Access) -> str | None:
        """Return where ssh finds the connection to share, opening it at first; None where none can be."""
        to = addresses.ssh_destination(url)
        if to is None or not self.wanted or not _is_openssh(access):
            return None
        if _away:
            raise KeptAway
        with self.lock:
            line = self.lines.get((access.ssh_command, *to)) or self._asked_for(to, access)
        return line.place if line is not None and line.opens() else None

    def _asked_for(self, to: _Key, access: Access) -> _Line | None:
        self.folder = self.folder or _folder()
        if self.folder is None:
            return None
        place = f"{self.folder}/{len(self.lines)}"
        command = f"{access.ssh_command} {access.ssh_options()} -o ControlPath={place}"
        opening = _ssh(f"{command} -o ControlMaster=yes -o ControlPersist={_IDLE} -o SendEnv=GIT_PROTOCOL -f -N", to)
        line = _Line(place, command, opening, time.monotonic() + _FIRST)
        self.lines[access.ssh_command, *to] = line
        return line

    def close(self) -> None:
        with self.lock:
            folder, self.folder, self.wanted = self.folder, None, False
            for (_, *to), line in self.lines.items():
                if line.opening.poll() is None:
                    line.opening.terminate()
                line.opening.wait()
                ending = _ssh(f"{line.command} -O exit", to)
                try:
                    ending.wait(_GRACE)
                except subprocess.TimeoutExpired:
                    ending.kill()
                    ending.wait()
            self.lines.clear()
        if folder is not None:
            _remove(folder)


_lines = _Lines()


@contextmanager
def sharing() -> Iterator[None]:
    """Let contacts with one ssh host share a connection for as long as the block lasts."""
    _lines.wanted = True
    try:
        yield
    finally:
        _lines.close()


def _folder() -> Path | None:
    """Make a folder for sockets, whose paths must be short; None where none can be made."""
    import tempfile

    for place in dict.fromkeys((tempfile.gettempdir(), "/tmp")):  # noqa: S108  # mkdtemp makes it, for us alone
        with contextlib.suppress(OSError):
            _clear(Path(place))
            made = tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=place)
            if len(os.fsencode(made)) <= _LONGEST:
                return Path(made)
            os.rmdir(made)
    return None


def _clear(place: Path) -> None:
    """Remove the folders that killed runs of ours left; what they shared has ended by itself."""
    for left in place.glob(f"{_FOLDER}*-*"):
        with contextlib.suppress(OSError, ValueError):
            if left.lstat().st_uid == os.geteuid() and not _runs(int(left.name.removeprefix(_FOLDER).split("-")[0])):
                _remove(left)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _is_openssh(access: Access) -> bool:
    """Tell whether the ssh command is one whose options we know."""
    if "GIT_SSH" in os.environ or os.environ.get("GIT_SSH_VARIANT", "ssh") != "ssh":
        return False
    import shlex

    try:
        words = shlex.split(access.ssh_command)
    except ValueError:
        return False
    return bool(words) and Path(words[0]).name == "ssh"


def _ssh(command: str, to: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start ssh the way git does, through a shell, for its command may hold options and quotes."""
    return subprocess.Popen(
        ["/bin/sh", "-c", f'exec {command} "$@"', "sh", *to],
        env={**os.environ, "PATH": git.safe_path(), "SSH_ASKPASS_REQUIRE": "never"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
