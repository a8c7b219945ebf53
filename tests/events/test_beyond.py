"""`events_via`: flush, tail and resume through another machine's psql."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rollout.demo.postgres.server import Server
from rollout.errors import RolloutError
from rollout.events import spool, spool_record
from rollout.events.beyond import beyond as way
from rollout.events.cli import events
from rollout.events.database import connected, read_url
from rollout.events.mcp_tools import Tools
from rollout.events.settings import SETTINGS
from tests.events.databases import INSTANCE
from tests.events.shells import database_of, stored


@pytest.fixture
def far(tmp_path: Path, postgres: Server, event_store: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the inventory says on a machine that no database answers: another one's row leads there."""
    server = postgres.environment(database_of(event_store))
    (tmp_path / "ssh").write_text(
        "#!/bin/sh\nfor command; do :; done\n"
        f'exec env -i PATH="{postgres.bin}:/bin" PGPASSWORD="{server.get("PGPASSWORD", "")}" sh -c "$command"\n'
    )
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("ROLLOUT_SPOOL", str(tmp_path / "spool"))
    monkeypatch.delenv("ROLLOUT_DATABASE_URL", raising=False)
    here = {"pg_host": "odin3", "pg_port": 5434, "events_via": f"{tmp_path}/ssh pat@odin3"}
    return {
        "database": f"postgresql://{server['PGUSER']}@127.0.0.1:1/{server['PGDATABASE']}",
        "machine": "odin4",
        "machines": {
            "odin3": {"vars": {"pg_host": server["PGHOST"], "pg_port": server["PGPORT"]}},
            "odin4": {"vars": here},
        },
    }


def run(settings: dict[str, object], *words: str) -> Result:
    import click

    @click.group()
    @click.pass_context
    def main(context: click.Context) -> None:
        context.meta[SETTINGS] = lambda: settings

    main.add_command(events, "events")
    return CliRunner().invoke(main, ["events", *words], catch_exceptions=True)


def test_flush_tail_and_resume_go_through_the_other_machine(far: dict[str, object], event_store: str) -> None:
    data = json.dumps({"content": "it's $(id) \\ \n \u00e9"})
    spool.append(
        spool.spool_folder(),
        [spool_record.record(INSTANCE, "user_message", data), spool_record.record(INSTANCE, "commit")],
    )
    flushed = run(far, "flush")
    assert (flushed.output, stored(event_store, instance=INSTANCE)) == (
        "delivered 2 events\n",
        ["user_message", "commit"],
    )
    answer = json.loads(run(far, "resume", INSTANCE, "--json").output)
    assert answer["last_user_message"]["content"] == json.loads(data)["content"]
    lines = run(far, "tail", INSTANCE, "-n", "1").output.splitlines()
    assert (len(lines), "commit" in lines[0]) == (1, True)


def test_what_is_refused_for_good_holds_nobody_up(far: dict[str, object], event_store: str) -> None:
    folder = spool.spool_folder()
    spool.append(folder, [spool_record.record(INSTANCE, "commit"), spool_record.record(INSTANCE, "error")])
    [batch] = spool.waiting(folder)
    first, second = batch.read_bytes().splitlines(keepends=True)
    batch.write_bytes(first + b"\xff\t" + second.partition(b"\t")[2] + second)
    assert "delivered 2 events" in run(far, "flush").output
    assert stored(event_store, instance=INSTANCE) == ["commit", "error"]


def test_a_machine_that_is_not_reached_is_said(far: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "ssh").write_text("#!/bin/sh\necho 'No route to host' >&2; exit 255\n")
    done = run(far, "resume", INSTANCE)
    assert "pat@odin3: No route to host" in str(done.exception)


def test_a_database_that_was_named_is_asked_directly(far: dict[str, object], event_store: str) -> None:
    assert "no events of" in str(run(far, "--database", event_store, "resume", INSTANCE).exception)


def test_texts_may_hold_what_python_takes_for_a_line_end(far: dict[str, object], event_store: str) -> None:
    odd = "a\u2028b\u0085c"
    spool.append(spool.spool_folder(), [spool_record.record(INSTANCE, "user_message", json.dumps({"content": odd}))])
    run(far, "flush")
    assert json.loads(run(far, "tail", INSTANCE, "--json").output)["event_data"] == {"content": odd}


def test_the_machine_is_found_by_its_host_name(far: dict[str, Any], event_store: str) -> None:
    far["machines"]["odin3"]["hostnames"] = ["*odin3*"]
    command = far["machines"]["odin4"]["vars"]["events_via"]
    for name in ("gcp-odin3-vm", "GCP-Odin3-VM", "odin3.example.org", "pat@gcp-odin3-vm"):
        far["machines"]["odin4"]["vars"]["events_via"] = command.replace("pat@odin3", name)
        assert run(far, "tail", INSTANCE).exit_code == 0


def test_an_empty_variable_is_no_way_through_another_machine(
    far: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_EVENTS_VIA", "")
    assert "127.0.0.1:1" in str(run(far, "tail", INSTANCE).exception)


def test_the_tools_of_an_agent_go_through_the_other_machine(
    far: dict[str, Any], event_store: str, tmp_path: Path
) -> None:
    command = far["machines"]["odin4"]["vars"]["events_via"]
    there = way(command, far["machines"]["odin3"]["vars"], read_url(far["database"]))
    tools = Tools(lambda: connected(far["database"]), tmp_path / "agent", beyond=there)
    instance = tools.register_instance("consilio", "PS", "odin4")
    assert tools.emit_event(instance, "goal", {"text": "a login"}) == f"{instance}: goal is stored"
    assert stored(event_store, instance=instance) == ["instance_registered", "goal"]
    assert "a login" in tools.resume(instance)
    assert "a login" in tools.tail(instance, 1)
    assert (instance in tools.sessions("consilio"), instance in tools.sessions("odin")) == (True, False)


@pytest.mark.parametrize("command", ["yes", "sh -c 'yes >&2'"])
def test_what_the_other_machine_prints_is_bounded(command: str) -> None:
    with pytest.raises(RolloutError, match=r"the event store through .*: prints more than 64 MiB"):
        way(command, {}, {}).newest(INSTANCE, 1)


def test_what_the_other_machine_prints_beside_an_error_is_read_whole() -> None:
    command = "sh -c 'yes 123456789 | head -n 200000 | tee /dev/stderr; echo last >&2; exit 3'"
    with pytest.raises(RolloutError, match=r"the event store through .*: 123456789"):
        way(command, {}, {}).newest(INSTANCE, 1)


def test_the_other_machine_has_a_limit_of_time_whatever_it_leaves_at_work() -> None:
    began = time.monotonic()
    for command in ("sh -c 'sleep 20 & sleep 20'", "sh -c 'while :; do echo x; sleep 0.1; done'"):
        with pytest.raises(RolloutError, match=r"timed out after 0\.5 seconds"):
            replace(way(command, {}, {}), seconds=0.5).newest(INSTANCE, 1)
    assert time.monotonic() - began < 10
