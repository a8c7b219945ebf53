"""The embedded server: it starts anywhere, asks for its password, survives a crash, and leaves nothing behind."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from rollout.demo.postgres.installation import Installation, embedded_installation
from rollout.demo.postgres.running import embedded_postgres
from rollout.demo.postgres.server import Server
from tests.first_rows import first_rows

pytestmark = pytest.mark.server

HOLDS_A_SERVER = """
import sys, time
from rollout.demo.postgres.running import embedded_postgres
with embedded_postgres() as server:
    print(server.pid, server.home, flush=True)
    time.sleep(60)
"""


def test_every_postgres_answers_through_its_socket_and_loopback(any_postgres: Server) -> None:
    answers = [
        psycopg.connect(url).execute("SELECT current_database()").fetchone()
        for url in (any_postgres.url, any_postgres.tcp_url_of("postgres"))
    ]
    assert answers == [("postgres",), ("postgres",)]


def test_loopback_asks_for_the_password(postgres: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.tcp_url_of("postgres", password="guessed"))


def test_the_cluster_is_private_to_the_server(postgres: Server) -> None:
    assert stat.S_IMODE(postgres.home.stat().st_mode) == 0o700


def test_psql_reaches_it_by_the_usual_variables(postgres: Server) -> None:
    command = (str(postgres.psql), "-XAtc", "SELECT 1")
    environment = {**os.environ, **postgres.environment()}
    assert subprocess.run(command, env=environment, capture_output=True, text=True).stdout == "1\n"


def test_what_was_committed_survives_a_killed_server(tmp_path: Path) -> None:
    with embedded_postgres(tmp_path / "cluster") as server:
        server.execute("CREATE TABLE kept AS SELECT 1 AS one")
        server.kill()
        server.start()
        assert server.execute("SELECT one FROM kept") == "1\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
@pytest.mark.long  # the demo's own server, on a machine where only root has the programs
def test_programs_in_a_folder_that_only_root_may_enter_are_copied(tmp_path: Path) -> None:
    found = embedded_installation(16)
    package, hidden = found.root.parent, tmp_path / "hidden"
    shutil.copytree(found.root, hidden / package.name / found.root.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), hidden / f"{package.name}.libs", symlinks=True)
    hidden.chmod(0o700)
    installation = Installation(16, hidden / package.name / found.root.name / "bin")
    with embedded_postgres(tmp_path, installation=installation) as server:
        assert server.execute("SELECT 1") == "1\n"
        assert not server.bin.is_relative_to(tmp_path)


@first_rows(1, "how", [signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_its_owner_however_that_ends(how: signal.Signals) -> None:
    owner = subprocess.Popen((sys.executable, "-c", HOLDS_A_SERVER), stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid, home = owner.stdout.readline().split()
    owner.send_signal(how)
    owner.communicate()
    assert _gone(int(pid), Path(home))


def _gone(pid: int, home: Path) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not home.exists() and not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False
