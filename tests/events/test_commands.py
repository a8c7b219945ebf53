"""`rollout events` as a person meets it: what it prints, how it exits, and what it never shows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rollout.demo.postgres.server import Server
from rollout.events import spool, spool_record
from rollout.events.__main__ import main
from rollout.events.cli import COMMANDS, events
from rollout.events.database import read_url
from tests.events.databases import INSTANCE, ask, positions, with_old_store
from tests.first_rows import first_rows

SECRET = "hunter2&co"


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_it(*arguments: str) -> Said:
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run_it


@pytest.fixture
def store(event_store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An event store that the environment names."""
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", event_store)
    return event_store


def test_the_story_of_a_session(run: Run, empty_database: str) -> None:
    database = ("--database", empty_database)
    assert run("migrate", *database).out.endswith("event types written\n")
    assert run("migrate", *database).out == "up to date\n"
    appended = run(*database, "append", "epic_start", '{"epic_id": "epic-003"}', "--instance", INSTANCE)
    assert (appended.code, appended.out.split()[:2], appended.err) == (0, [INSTANCE, "#1"], "")
    assert "epic-003" in run(*database, "resume", INSTANCE).out
    assert json.loads(run("tail", INSTANCE, "--json", *database).out)["event_data"] == {"epic_id": "epic-003"}
    assert run("verify", *database).out.endswith("All Tests Passed!\n================================\n")
    assert json.loads(run("growth", "--json", *database).out)["rows"] == 1
    assert run("purge", "--older-than", "0h", *database).out == f"{INSTANCE}  1\n"


def test_the_instance_of_the_environment_logs(run: Run, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_ID", INSTANCE)
    said = run("append", "commit", '{"hash": "a1b2c3d"}', "--json")
    assert json.loads(said.out)["sequence_num"] == 1
    assert positions(store) == [1]


def test_without_an_instance_the_event_is_kept_and_that_is_said(run: Run, store: str) -> None:
    assert "kept as unassigned" in run("append", "commit").err
    assert positions(store, "unassigned-PS-000000") == [1]


def test_the_same_id_twice_is_one_event(run: Run, store: str) -> None:
    event_id = "00000000-0000-4000-8000-000000000001"
    said = [run("append", "commit", "--instance", INSTANCE, "--event-id", event_id) for _ in range(2)]
    assert [s.out for s in said] == [f"{INSTANCE} #1 {event_id}\n"] * 2
    refused = run("append", "commit", "--instance", "odin-PS-aaaaaa", "--event-id", event_id)
    assert (refused.code, f"belongs to {INSTANCE}, not to odin-PS-aaaaaa" in refused.err) == (4, True)


@pytest.mark.parametrize("payload", ["{", "[1]", "\0", "\udc80", "", '{"a": "\\u0000"}', "x" * 1_000_000])
def test_any_payload_is_kept(run: Run, store: str, payload: str) -> None:
    assert run("append", "commit", payload, "--metadata", payload, "--instance", INSTANCE).code == 0
    assert ask(store, "SELECT jsonb_typeof(event_data), jsonb_typeof(metadata) FROM event_store") == [
        ("object", "object")
    ]


def test_a_payload_can_come_from_standard_input(store: str) -> None:
    command = (sys.executable, "-m", "rollout.events", "append", "commit", "-", "--instance", INSTANCE)
    subprocess.run(command, input='{"hash": "a1b2c3d"}', text=True, check=True, env={**os.environ}, capture_output=True)
    assert ask(store, "SELECT event_data FROM event_store") == [({"hash": "a1b2c3d"},)]


def test_a_type_of_ten_kilobytes_is_kept(run: Run, store: str) -> None:
    said = run("append", "x" * 10_000, "--instance", INSTANCE)
    assert (said.code, len(said.err) < 200, "is not in the list of types: it is kept" in said.err) == (0, True, True)
    assert ask(store, "SELECT event_type, metadata FROM event_store") == [("x" * 64, {"_event_type": "x" * 10_000})]


USAGE = {
    "no database": ("growth",),
    "no such command": ("--database", "postgresql:///x", "grow"),
    "no such option": ("growth", "--nope"),
    "an instance that does not fit": ("append", "commit", "--instance", "ODIN", "--database", "postgresql:///x"),
    "an instance that is too long": ("resume", "a" * 40 + "-PS-abc123", "--database", "postgresql:///x"),
    "an event id that is none": ("append", "commit", "--event-id", "7", "--database", "postgresql:///x"),
    "an empty type": ("append", "", "--database", "postgresql:///x"),
    "no horizon": ("purge", "--database", "postgresql:///x"),
    "a strange horizon": ("purge", "--older-than", "soon", "--database", "postgresql:///x"),
    "a URL that is none": ("growth", "--database", f"postgres//u:{SECRET}@h/db"),
    "a URL with a broken escape": ("growth", "--database", f"postgresql://u:{SECRET}%zz@h/db"),
    "a password with an @": ("growth", "--database", f"postgresql://u:{SECRET}@{SECRET}@127.0.0.1:1/db"),
    "a password with a slash": ("growth", "--database", f"postgresql://u:{SECRET}/{SECRET}@127.0.0.1:1/db"),
    "a password with a slash after digits": ("growth", "--database", f"postgresql://u:1/{SECRET}@127.0.0.1:1/db"),
    "a port that is none": ("growth", "--database", f"postgresql://u:{SECRET}@127.0.0.1:{SECRET}/db"),
    "more days than there are": ("growth", "--days", "99999999999", "--database", "postgresql:///x"),
    "a spool that is a file": ("flush", "--spool", __file__, "--database", "postgresql:///x"),
    "a URL with an unknown option": ("growth", "--database", f"postgresql://u:{SECRET}@h/db?hunter2=1"),
    "two reports at once": ("verify", "--tap", "--json", "--database", "postgresql:///x"),
}


@pytest.mark.parametrize("fault", USAGE)
def test_a_wrong_command_line_is_64_and_one_clear_line(run: Run, fault: str) -> None:
    said = run(*USAGE[fault])
    assert (said.code, said.out, said.err.count("\n"), "hunter2" in said.err) == (64, "", 1, False)
    assert said.err.startswith("rollout events: ")


def test_signs_with_a_meaning_of_their_own_are_written_as_escapes() -> None:
    options = read_url("postgresql://u:%40%2F%3A%3F@h:1,2/a%40b?host=@/run/socket")
    assert (options["password"], options["dbname"], options["host"]) == ("@/:?", "a@b", "@/run/socket")


def test_a_database_that_is_not_there_is_one_clear_line(run: Run) -> None:
    said = run("growth", "--database", f"postgresql://supervisor:{SECRET}@127.0.0.1:1/supervisor_service")
    assert said == Said(
        1,
        "",
        "rollout events: cannot connect to the event store at 127.0.0.1:1/supervisor_service: Connection refused\n",
    )


def test_a_wrong_password_is_said_and_not_shown(run: Run, postgres: Server) -> None:
    said = run("growth", "--database", postgres.tcp_url_of("postgres", password=SECRET))
    assert (said.code, "hunter2" in said.err) == (1, False)
    assert 'password authentication failed for user "postgres"' in said.err


def test_a_database_that_does_not_exist_is_said(run: Run, postgres: Server) -> None:
    said = run("growth", "--database", postgres.url_of("nowhere"))
    assert (said.code, 'database "nowhere" does not exist' in said.err) == (1, True)


def test_a_server_that_is_no_postgres_is_said(run: Run) -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        said = run("growth", "--database", f"postgresql://u:{SECRET}@127.0.0.1:{port}/x?connect_timeout=3")
    assert (said.code, "hunter2" in said.err, said.err.count("\n")) == (1, False, 1)
    assert f"cannot connect to the event store at 127.0.0.1:{port}/x" in said.err


def test_a_server_that_says_nothing_is_given_up(run: Run) -> None:
    with answering(b"") as port:
        said = run("growth", "--database", f"postgresql://u@127.0.0.1:{port}/x?connect_timeout=2")
    assert (said.code, "timeout" in said.err) == (1, True)


@pytest.mark.parametrize("command", [("growth",), ("tail", INSTANCE), ("resume", INSTANCE), ("append", "commit")])
def test_a_database_without_the_tables_says_what_to_run(
    run: Run, empty_database: str, command: tuple[str, ...]
) -> None:
    said = run(*command, "--database", empty_database)
    assert (said.code, said.err.endswith("run: rollout events migrate\n")) == (1, True)


def test_a_role_that_may_not_write_is_told_so(run: Run, postgres: Server, event_store: str) -> None:
    name = ask(event_store, "SELECT current_database()")[0][0]
    ask(event_store, f'CREATE ROLE "{name}" LOGIN')
    said = run("append", "commit", "--instance", INSTANCE, "--database", postgres.url_of(name, user=name))
    ask(event_store, f'DROP ROLE "{name}"')
    assert (said.code, "permission denied for table" in said.err, "ask the owner" in said.err) == (1, True, True)


def test_a_session_that_never_logged_is_said(run: Run, store: str) -> None:
    said = run("resume", INSTANCE)
    assert (said.code, f"no events of {INSTANCE}" in said.err) == (1, True)


def test_resume_as_json_is_stable(run: Run, store: str) -> None:
    run("append", "commit", '{"hash": "a1b2c3d"}', "--instance", INSTANCE)
    twice = [run("resume", INSTANCE, *form).out for form in (("--format", "json"), ("--json",))]
    assert twice[0] == twice[1]
    assert json.loads(twice[0])["last_commit"]["hash"] == "a1b2c3d"


def test_tail_shows_the_newest_last(run: Run, store: str) -> None:
    for number in range(5):
        run("append", "commit", json.dumps({"n": number}), "--instance", INSTANCE)
    assert [line.split()[0] for line in run("tail", INSTANCE, "-n", "2").out.splitlines()] == ["#4", "#5"]


def test_backfill_says_its_counts(run: Run, empty_database: str) -> None:
    database = ("--database", with_old_store(empty_database))
    run("migrate", *database)
    without_zone = run("backfill", *database)
    assert (without_zone.code, "--timezone UTC" in without_zone.err) == (64, True)
    said = run("backfill", "--timezone", "UTC", *database)
    assert (said.code, said.out.splitlines()[-2:]) == (
        0,
        ["all                                   4               4", "every row is an event"],
    )
    assert json.loads(run("backfill", "--timezone", "UTC", "--json", *database).out)["ok"] is True


def test_backfill_with_counts_that_do_not_agree_is_2(run: Run, empty_database: str) -> None:
    database = ("--database", with_old_store(empty_database))
    run("migrate", *database)
    ask(
        empty_database,
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
        "CREATE TRIGGER lose BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION lose()",
    )
    said = run("backfill", "--timezone", "UTC", *database)
    assert (said.code, said.out.splitlines()[-1]) == (2, "4 rows are not events yet")


def test_nothing_to_carry_over_is_fine(run: Run, store: str) -> None:
    assert run("backfill") == Said(0, "", "there is no table command_log here: nothing to carry over\n")


def test_a_session_that_another_table_points_at_stays_and_holds_no_other_up(run: Run, store: str) -> None:
    for instance in ("odin-PS-aaaaaa", "odin-PS-bbbbbb"):
        ask(store, "SELECT append_event(%s, 'spawn', '{}', '{}', NULL, NULL, now() - interval '40 days')", instance)
    ask(store, "CREATE TABLE note (event_id uuid REFERENCES event_store)")
    ask(store, "INSERT INTO note SELECT event_id FROM event_store WHERE instance_id = 'odin-PS-aaaaaa'")
    said = run("purge", "--older-than", "30d")
    assert (said.code, said.out, positions(store, "odin-PS-aaaaaa")) == (3, "odin-PS-bbbbbb  1\n", [1])
    assert "odin-PS-aaaaaa stays: rows of another table point at its events" in said.err


def test_verify_is_2_when_a_check_fails_and_1_when_there_is_no_database(
    run: Run, postgres: Server, empty_database: str
) -> None:
    failed = run("verify", "--tap", "--database", empty_database)
    assert (failed.code, "not ok 2 - event_store Table Exists" in failed.out) == (2, True)
    assert (
        f"✓ Database connection: {postgres.socket_folder}:{postgres.port}\n"
        in run("verify", "--database", empty_database).out
    )
    unreachable = run("verify", "--json", "--database", "postgresql://127.0.0.1:1/x")
    assert (unreachable.code, json.loads(unreachable.out)["ok"]) == (1, False)


def test_an_instance_that_the_database_refuses_is_a_usage_error(run: Run, store: str) -> None:
    ask(
        store,
        "CREATE OR REPLACE FUNCTION register_instance(instance text, host text, seen timestamptz DEFAULT now())"
        " RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'RO002', MESSAGE = 'no', HINT = 'yes'; END $$",
    )
    said = run("append", "commit", "--instance", INSTANCE)
    assert (said.code, said.err) == (64, "rollout events: no: yes\n")


def test_a_held_lock_is_busy(run: Run, store: str) -> None:
    import psycopg

    with psycopg.connect(store) as slow:
        slow.execute("SELECT append_event(%s, 'spawn')", (INSTANCE,))
        said = run("append", "commit", "--instance", INSTANCE, "--database", store + "&options=-clock_timeout%3D50")
        slow.rollback()
    assert (said.code, "another transaction has held a lock" in said.err) == (5, True)


def test_the_inventory_names_the_database_when_nobody_else_does(event_store: str) -> None:
    inventory = {"database": event_store, "types": [{"name": "coffee", "when": "Coffee made"}], "machines": {}}

    @click.group()
    @click.pass_context
    def rollout(ctx: click.Context) -> None:
        ctx.meta["rollout.events"] = lambda: inventory

    rollout.add_command(events)
    migrated = CliRunner().invoke(rollout, ["events", "migrate"])
    appended = CliRunner().invoke(rollout, ["events", "append", "coffee", "--instance", INSTANCE])
    assert (migrated.output, appended.stderr) == ("1 event types written\n", "")


def test_every_command_that_is_there_has_help(run: Run) -> None:
    present = [name for name in COMMANDS if name in events.list_commands(click.Context(events))]
    assert {"migrate", "append", "resume", "tail", "verify", "backfill", "growth", "purge"} <= set(present)
    assert [name for name in present if run(name, "--help").code] == []


ASKED = {
    "migrate": (),
    "append": ("goal", "{}", "--instance", INSTANCE),
    "flush": (),
    "resume": (INSTANCE,),
    "tail": (INSTANCE,),
    "verify": (),
    "backfill": (),
    "growth": (),
    "purge": ("--older-than", "100d"),
    "health": (),
}


@first_rows(6, "command", ASKED)
def test_json_is_printed_wherever_it_is_asked_for(
    command: str, run: Run, store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rollout.cli.main import main as whole_program

    run("append", "goal", "{}", "--instance", INSTANCE)
    words = (command, *ASKED[command])
    for asked in (("events", *words, "--json"), ("--json", "events", *words), ("events", "--json", *words)):
        with pytest.raises(SystemExit) as ended:
            whole_program(list(asked))
        assert not ended.value.code
        assert all(json.loads(line) for line in _documents(capsys.readouterr().out))
    monkeypatch.setenv("ROLLOUT_JSON", "1")
    with pytest.raises(SystemExit):
        whole_program(["events", *words])
    assert all(json.loads(line) for line in _documents(capsys.readouterr().out))


def _documents(text: str) -> list[str]:
    """Return one document, or one a line."""
    assert text.startswith("{")
    return [text] if text.startswith("{\n") else text.splitlines()


def test_flush_says_in_json_what_it_did(run: Run, store: str, tmp_path: Path) -> None:
    spool.append(
        tmp_path,
        [spool_record.record(INSTANCE, "goal"), replace(spool_record.record(INSTANCE, "goal"), event_id="none")],
    )
    said = json.loads(run("flush", "--spool", str(tmp_path), "--json").out)
    assert said == {
        "format": "rollout-events-flush/1", "spool": str(tmp_path), "delivered": 2, "refused": [], "waiting": 0,
    }  # fmt: skip


def test_purge_says_in_json_what_went(run: Run, store: str) -> None:
    run("append", "goal", "{}", "--instance", INSTANCE)
    said = json.loads(run("purge", "--older-than", "0h", "--json").out)
    assert (said["purged"], said["kept"]) == ([{"instance_id": INSTANCE, "events": 1}], [])


def test_an_event_that_is_nested_too_deep_stops_no_reader(run: Run, store: str) -> None:
    run("append", "goal", '{"text": "a login"}', "--instance", INSTANCE)
    run("append", "checkpoint_created", f'{{"next": {"[" * 3000}{"]" * 3000}}}', "--instance", INSTANCE)
    assert json.loads(run("resume", INSTANCE, "--json").out)["goal"]["text"] == "a login"
    assert "a login" in run("resume", INSTANCE).out
    assert [run("tail", INSTANCE, *form).code for form in ((), ("--json",))] == [0, 0]


def test_help_imports_no_database_driver() -> None:
    code = "import sys; from rollout.events.__main__ import main; main(['--help']); sys.exit('psycopg' in sys.modules)"
    assert subprocess.run((sys.executable, "-c", code), capture_output=True).returncode == 0


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Listen on a port, and say `answer` to whoever connects; nothing, if it is empty."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        clients: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                clients.append(client)
                client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for client in clients:
            client.close()
