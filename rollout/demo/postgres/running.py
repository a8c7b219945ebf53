"""A PostgreSQL server of one's own for as long as a `with` lasts: for demo, tests and benchmarks."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from rollout.demo.postgres.installation import (
    Account,
    Installation,
    account_for,
    as_account,
    can,
    embedded_installation,
    reachable,
)
from rollout.demo.postgres.server import PortTaken, Server, clean_environment
from rollout.errors import RolloutError

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
    account = account_for()
    home = _home(folder, account)
    try:
        found = reachable(installation or embedded_installation(major), home, account)
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
        except PortTaken:
            server.port = _free_port()
        else:
            return
    server.start()


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
    return len(os.fsencode(folder.absolute())) <= SOCKET_LIMIT and can(account, "-x", folder)


def _short_temporary_folder() -> str:
    default = tempfile.gettempdir()
    return default if len(default) <= SOCKET_LIMIT else "/tmp"  # noqa: S108


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
        env=clean_environment(),
        **as_account(server.account),
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
        **as_account(server.account),
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
