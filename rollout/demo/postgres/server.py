"""Start and stop a PostgreSQL server of our own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from rollout.demo.postgres.installation import Account, Installation, as_account
from rollout.errors import RolloutError

SUPERUSER = "postgres"
START_SECONDS = 60.0


class PortTaken(RolloutError):
    """Another process has the port that the server was to listen on."""


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
                told = _tail(self.log)
                kind = PortTaken if "in use" in told else RolloutError
                raise kind(f"the embedded PostgreSQL did not start: {told}")
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
                env=clean_environment(),
                start_new_session=True,
                **as_account(self.account),
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
        return self._accepts() and subprocess.run(command, env=clean_environment()).returncode == 0


def clean_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _tail(log: Path) -> str:
    return " ".join(log.read_text(errors="replace").splitlines()[-5:])
