"""What an agent of the first user reads works as it stands: in a fresh shell, on his three hosts, on his own tables."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from rollout.demo.postgres.server import Server
from rollout.events.database import connected
from rollout.events.event_types import shipped_types, store_types
from rollout.events.migrations import migrate
from tests.events.databases import ask, with_old_store
from tests.events.render import ROOT, render, render_project, render_shared

INSTANCE = "consilio-PS-4f2a1b"


@pytest.mark.parametrize(
    ("host", "machine"), [("gcp-odin3-vm", "odin3"), ("gcp-odin4-vm", "odin4"), ("samuel-laptop", "laptop")]
)
def test_the_blocks_that_agents_load_work(
    host: str, machine: str, postgres: Server, empty_database: str, tmp_path: Path
) -> None:
    url = with_old_store(empty_database)
    with connected(url) as connection:
        migrate(connection)
        store_types(connection, shipped_types())
        database = connection.info.dbname
    machines = YAML(typ="safe").load((ROOT / "inventory.yaml").read_text())["machines"]
    for one in machines.values():
        one["vars"] = {"pg_host": str(postgres.socket_folder), "pg_port": postgres.port}
    changed = {"machines": machines, "pg_user": postgres.user, "pg_database": database}
    shared = render_shared(tmp_path / "sv", **changed)
    read = render_project(shared, ".supervisor-specific/03-machine-config.md.j2", **changed)
    read += render("core/.supervisor-core/13-session-continuity.md.j2", "jinja", shared_root=str(shared), **changed)
    connect, log = re.findall(r"^```bash\n(.*?)^```$", read, re.MULTILINE | re.DOTALL)

    def shell(script: str) -> tuple[int, str, str]:
        own = {"PATH": f"{postgres.bin}:/usr/bin:/bin", "HOME": str(tmp_path), "INSTANCE_ID": INSTANCE}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env=own | {"ROLLOUT_HOSTNAME": host, "ROLLOUT_LOG_DEADLINE": "20"},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr

    asked = "\npsql -wXAtc \"SELECT current_database(), '$HOST_MACHINE'\""
    assert shell(connect + asked) == (0, f"{database}|{machine}\n", "")
    assert shell(log) == (0, "", "")
    found = ask(url, "SELECT sequence_num, event_type FROM event_store WHERE instance_id = %s ORDER BY 1", INSTANCE)
    assert found == [(1, "goal"), (2, "decision"), (3, "attempt_failed"), (4, "blocked")]
    session = ask(
        url, "SELECT project, instance_type, host_machine FROM supervisor_sessions WHERE instance_id = %s", INSTANCE
    )
    assert session == [("consilio", "PS", machine)]
