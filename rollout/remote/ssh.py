"""Share one ssh connection for each host."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from msgspec import Struct, field

from rollout.errors import GitInterrupted
from rollout.git.access import Access
from rollout.machine import processes, waiting
from rollout.machine.processes import holder_runs
from rollout.safety import addresses

_FIRST = 3.0  # seconds that a contact waits for a shared connection to open
_POLL = 0.01
_IDLE = 30  # seconds after which an unused shared connection ends by itself, in case we are killed
_GRACE = 2.0  # seconds for shared connections to end when they are told to
_AT_LOGIN = 0.3  # seconds for connections to end that have not logged in
_FOLDER = "rollout-ssh-"
# macOS takes 104 bytes for a socket's path; ssh puts 17 letters more there while it makes it.
_LONGEST = 104 - 1 - 6 - 17 - 1


class KeptAway(BaseException):
    """This process may not contact hosts: another process holds the connections and counts the contacts."""


away = False


def keep_away() -> None:
    """Let every contact with a host raise KeptAway from now on."""
    global away
    away = True


def pause(seconds: float) -> None:
    with waiting.waiting():
        told = waiting.interrupted.wait(seconds)
    if told:
        raise GitInterrupted("interrupted")


_Key = tuple[str, ...]  # the ssh command, and the arguments that tell it where to go


class _Line(Struct, frozen=True):
    """A requested connection: its socket, the ssh options for it, and the process that opens it."""

    place: str
    command: str
    opening: subprocess.Popen[bytes]
    first: float  # seconds that contacts wait for it
    asked: float  # when it was asked for

    def opens(self) -> bool:
        """Tell whether it has logged in and gone to the background, once that is settled or the time is over."""
        while self.opening.poll() is None and time.monotonic() < self.asked + self.first:
            pause(_POLL)
        return self.opening.poll() == 0

    @property
    def is_there(self) -> bool:
        """Tell whether a connection listens, or did: one that hangs before its login has no socket yet."""
        return os.path.exists(self.place)


class _Lines(Struct):
    """The ssh connections that this process shares among its contacts with one host.

    Logging in takes longer than everything after it, so it is done once, before the first contact. When it fails, each
    contact connects on its own, as the person's configuration says, and reports what is wrong.
    """

    wanted: bool = False
    folder: Path | None = None
    lines: dict[_Key, _Line] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def path(self, url: str, access: Access) -> str | None:
        """Return the socket of the shared connection, opening it the first time; None if that fails."""
        to = addresses.ssh_destination(url)
        if to is None or not self.wanted or not _is_openssh(access):
            return None
        if away:
            raise KeptAway
        with self.lock:
            line = self.lines.get((access.ssh_command, *to)) or self._asked_for(to, access)
        return line.place if line is not None and line.opens() else None

    def waited(self, url: str, access: Access) -> float:
        """Return how many seconds contacts with a host waited for a connection that still says nothing."""
        to = addresses.ssh_destination(url)
        line = None if to is None else self.lines.get((access.ssh_command, *to))
        return line.first if line is not None and line.opening.poll() is None else 0.0

    def _asked_for(self, to: _Key, access: Access) -> _Line | None:
        self.folder = self.folder or _folder()
        if self.folder is None:
            return None
        place = f"{self.folder}/{len(self.lines)}"
        command = f"{access.ssh_command} {access.ssh_options()} -o ControlPath={place}"
        opening = _ssh(f"{command} -o ControlMaster=yes -o ControlPersist={_IDLE} -o SendEnv=GIT_PROTOCOL -f -N", to)
        # Where little time is given, all of it is for the one connection: another attempt would have none left.
        first = _FIRST if access.patience >= 2 * _FIRST else access.patience
        line = _Line(place, command, opening, first, time.monotonic())
        self.lines[access.ssh_command, *to] = line
        return line

    def close(self) -> None:
        with self.lock:
            folder, self.folder, self.wanted = self.folder, None, False
            for line in self.lines.values():
                _signal(line.opening, signal.SIGTERM)
            _end([line.opening for line in self.lines.values()], _AT_LOGIN)
            made = [(to, line) for (_, *to), line in self.lines.items() if line.is_there]
            _end([_ssh(f"{line.command} -O exit", to) for to, line in made], _GRACE)
            self.lines.clear()
        if folder is not None:
            _remove(folder)


lines = _Lines()


def _end(running: Sequence[subprocess.Popen[bytes]], grace: float) -> None:
    """Wait so many seconds for processes, all together, and kill what is left with its children."""
    until = time.monotonic() + grace
    for process in running:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a process that still runs, and to its children: it is a session of its own."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


@contextmanager
def sharing() -> Iterator[None]:
    """Let contacts with one ssh host share a connection for as long as the block lasts."""
    lines.wanted = True
    try:
        yield
    finally:
        lines.close()


def _folder() -> Path | None:
    """Make a folder for sockets, whose paths must be short; return None if that fails."""
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
    """Remove the folders that our killed runs left behind; their connections have ended by themselves."""
    for left in place.glob(f"{_FOLDER}*-*"):
        with contextlib.suppress(OSError, ValueError):
            if left.lstat().st_uid == os.geteuid() and not holder_runs(
                int(left.name.removeprefix(_FOLDER).split("-")[0])
            ):
                _remove(left)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


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
    """Start ssh through a shell, as git does, because its command may contain options and quotes."""
    return subprocess.Popen(
        ["/bin/sh", "-c", f'exec {command} "$@"', "sh", *to],
        env={**os.environ, "PATH": processes.safe_path(), "SSH_ASKPASS_REQUIRE": "never"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
