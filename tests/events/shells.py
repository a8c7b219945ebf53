"""Runs the rendered helper in a real shell, against a real database, sealed from the machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from rollout.demo.postgres.server import Server
from tests.events.databases import ask
from tests.events.render import render_shared

# Bash 3.2 is what macOS has; where somebody has built it, it stands on the path under its version.
SHELLS = {"bash": "bash", "bash-3.2": "bash3.2", "zsh": "zsh"}

INSTANCE = "consilio-PS-3f81ad"

HELPER = ".claude/helpers/log-event.sh"


@dataclass(frozen=True, slots=True)
class Done:
    """What a finished script left: its status and streams, and how long it took."""

    status: int
    out: str
    err: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell that has the helper, a spool of its own, and a database or none."""

    program: str
    root: Path
    spool: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def helper(self) -> Path:
        return self.root / HELPER

    def with_(self, **environment: str) -> Shell:
        """Return the same shell with more variables in its environment; an empty one is taken away."""
        merged = {**self.environment, **environment}
        return replace(self, environment={name: value for name, value in merged.items() if value})

    def command(self, script: str) -> tuple[str, ...]:
        options = ("-f",) if self.program.endswith("zsh") else ("--norc", "--noprofile")
        return (
            shutil.which(self.program) or self.program,
            *options,
            "-c",
            f'. "{self.helper}"\n{script}',
            self.program,
        )

    def run(self, script: str, stdin: str | bytes = "", timeout: float = 60) -> Done:
        """Source the helper and run the script."""
        before = time.monotonic()
        done = subprocess.run(
            self.command(script),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env=dict(self.environment),
            timeout=timeout,
        )
        spent = time.monotonic() - before
        return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), spent)

    def start(self, script: str) -> subprocess.Popen[bytes]:
        """Start a script in a process group of its own, so that a test can kill it."""
        return subprocess.Popen(
            self.command(script),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(self.environment),
            start_new_session=True,
        )

    def waiting(self) -> list[Path]:
        """Return the files that wait in the spool."""
        return sorted(path for path in self.spool.glob("*") if path.suffix in (".event", ".batch"))


def slack() -> float:
    """Return how much longer things take here than they should, because others keep the processors busy."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def shell_programs() -> list[object]:
    """Return every shell there is here, and a skip for each that is not."""
    return [
        pytest.param(program, id=name, marks=() if shutil.which(program) else pytest.mark.skip(f"{name} is not here"))
        for name, program in SHELLS.items()
    ]


def base_environment(home: Path, spool: Path) -> dict[str, str]:
    """Return an environment with nothing of the machine's in it."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "ROLLOUT_SPOOL": str(spool),
        "INSTANCE_ID": INSTANCE,
    }


def make_shell(program: str, root: Path, server: Server | None = None, database: str = "") -> Shell:
    """Render the helper below `root` and return a shell for it."""
    render_shared(root)
    home, spool = root / "home", root / "spool"
    home.mkdir(exist_ok=True)
    environment = base_environment(home, spool)
    if server:
        environment |= server.environment(database)
        environment["PATH"] = f"{server.bin}:{environment['PATH']}"
    return Shell(program, root, spool, environment)


def database_of(url: str) -> str:
    """Return the name of the database in one of the fixtures' URLs."""
    return url.partition("@/")[2].partition("?")[0]


def stored(url: str, column: str = "event_type", instance: str = INSTANCE) -> list[str]:
    """Return one column of an instance's events, in order."""
    sql = f"SELECT ({column})::text AS shown FROM event_store WHERE instance_id = %s ORDER BY sequence_num"
    try:
        rows = ask(url, sql, instance)
    except psycopg.OperationalError:  # the server was another when the connection was opened
        rows = ask(url, sql, instance)
    return [str(row[0]) for row in rows]


@contextmanager
def silent_server() -> Iterator[int]:
    """Accept connections and say nothing; yield the port."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.settimeout(0.1)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                try:
                    kept.append(listener.accept()[0])
                except TimeoutError:
                    continue
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            stop.set()
            thread.join()
            for connection in kept:
                connection.close()
