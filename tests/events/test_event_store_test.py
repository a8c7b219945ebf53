"""event-store-test.sh: the report word for word, and for every break exactly the right check."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from rollout.demo.postgres.server import Server
from rollout.events.database import connected
from rollout.events.migrations import migrate
from tests.events.databases import with_old_store
from tests.events.render import render_shared
from tests.events.shells import base_environment, database_of, silent_server
from tests.first_rows import first_rows

SCRIPT = "docs/testing/event-store-test.sh"

REPORT = """\
================================
Event Store Test Script
================================

✓ Database connection: {place}

Test 1: Database Connectivity
✓ Database connection successful

Test 2: event_store Table Exists
✓ event_store table exists

Test 3: Helper Function Available
✓ Helper script exists
✓ log_event function loaded

Test 4: Insert Test Events
✓ Test session registered

Test 5: Query Events
✓ Found 7 events (expected 7)

Test 6: Sequence Numbers Increment
✓ Sequence numbers increment correctly (1-7)

Test 7: Event Types Correct
✓ All event types correct

Test 8: event_data is Valid JSON
✓ All event_data fields are valid JSON objects

Test 9: Resume System Can Read Events
✓ Resume query successful: 7 events

Test 10: Cleanup
✓ Test data cleaned up

================================
All Tests Passed!
================================
"""

NAMES = [line.partition(": ")[2] for line in REPORT.splitlines() if line.startswith("Test ")]


@dataclass(frozen=True, slots=True)
class Prover:
    """The rendered script with a database."""

    root: Path
    environment: dict[str, str]
    url: str

    def run(self, *options: str, **changed: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in {**self.environment, **changed}.items() if value}
        return subprocess.run(
            (str(self.root / SCRIPT), *options), env=environment, capture_output=True, text=True, timeout=60
        )

    def left(self) -> list[tuple[object, ...]]:
        """Return what the test left in the database, and in its temporary folder."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                "SELECT instance_id FROM event_store UNION ALL SELECT instance_id FROM supervisor_sessions"
                " UNION ALL SELECT instance_id FROM event_rejects"
            ).fetchall()
        return [*rows, *((path.name,) for path in (self.root / "tmp").iterdir())]


@pytest.fixture
def prover(tmp_path: Path, postgres: Server, event_store: str) -> Prover:
    render_shared(tmp_path)
    (tmp_path / "tmp").mkdir()
    environment = {**base_environment(tmp_path, tmp_path / "spool"), **postgres.environment(database_of(event_store))}
    environment |= {"PATH": f"{postgres.bin}:{environment['PATH']}", "TMPDIR": str(tmp_path / "tmp")}
    return Prover(tmp_path, environment, event_store)


def test_the_report_is_the_one_that_everybody_knows(prover: Prover) -> None:
    done = prover.run()
    place = f"127.0.0.1:{prover.environment['PGPORT']}"
    assert (done.stdout, done.stderr, done.returncode, prover.left()) == (REPORT.format(place=place), "", 0, [])


def test_it_runs_twice_and_leaves_other_sessions_alone(prover: Prover) -> None:
    with psycopg.connect(prover.url) as connection:
        connection.execute("INSERT INTO event_store (instance_id, event_type) VALUES ('consilio-PS-3f81ad', 'commit')")
    assert [prover.run().returncode for _ in range(2)] == [0, 0]
    assert prover.left() == [("consilio-PS-3f81ad",), ("consilio-PS-3f81ad",)]


def test_it_passes_on_the_older_store_and_removes_its_session(prover: Prover, empty_database: str) -> None:
    with connected(with_old_store(empty_database)) as connection:
        migrate(connection)
    before = Prover(prover.root, prover.environment, empty_database).left()
    done = prover.run(PGDATABASE=database_of(empty_database))
    assert (done.stderr, done.returncode) == ("", 0)
    assert Prover(prover.root, prover.environment, empty_database).left() == before


def test_tap_and_json_say_the_same(prover: Prover) -> None:
    tap = prover.run("--tap").stdout.splitlines()
    answer = json.loads(prover.run("--json").stdout)
    assert tap == ["1..10", *(f"ok {number} - {name}" for number, name in enumerate(NAMES, 1))]
    assert (answer["format"], answer["passed"], answer["failed"]) == ("rollout-event-store-test/1", True, None)
    assert [(test["name"], test["status"]) for test in answer["tests"]] == [(name, "passed") for name in NAMES]


def test_a_wrong_option_is_a_usage_error(prover: Prover) -> None:
    assert prover.run("--fast").returncode == 64


# Each break, and the one check that must fail.
BREAKS = {
    "no connection": (1, ""),
    "no table": (2, "DROP TABLE event_store CASCADE"),
    "a column is missing": (2, "ALTER TABLE event_store DROP COLUMN root_uuid CASCADE"),
    "a column of another type": (
        2,
        "DROP VIEW event_log CASCADE; ALTER TABLE event_store ALTER COLUMN depth TYPE bigint",
    ),
    "the way in is missing": (3, "DROP VIEW event_intake"),
    "the function is missing": (3, "DROP FUNCTION append_event CASCADE"),
    "no right to insert": (
        4,
        "CREATE OR REPLACE FUNCTION event_intake_append() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE insufficient_privilege; END $$",
    ),
    "everything is refused": (
        4,
        "ALTER TABLE event_store ADD CONSTRAINT none CHECK (false) NOT VALID",
    ),
    "one is swallowed": (
        5,
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.event_type = 'commit' THEN RETURN NULL; END IF; RETURN NEW; END $$;"
        " CREATE TRIGGER a BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION swallow()",
    ),
    "a type is refused": (5, "ALTER TABLE event_store ADD CONSTRAINT t CHECK (event_type <> 'deploy') NOT VALID"),
    "a gap": (
        6,
        "CREATE FUNCTION gap() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.sequence_num := NEW.sequence_num + (NEW.sequence_num > 3)::int * 2; RETURN NEW; END $$;"
        " CREATE TRIGGER zzz BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION gap()",
    ),
    "a double": (
        6,
        "ALTER TABLE event_store DROP CONSTRAINT event_store_positions CASCADE;"
        "CREATE FUNCTION double() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.sequence_num := least(NEW.sequence_num, 5); RETURN NEW; END $$;"
        " CREATE TRIGGER zzz BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION double()",
    ),
    "a wrong type": (
        7,
        "CREATE FUNCTION wrong() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.event_type := replace(NEW.event_type, 'spawn', 'task'); RETURN NEW; END $$;"
        " CREATE TRIGGER zzz BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION wrong()",
    ),
    "invalid data": (
        8,
        "ALTER TABLE event_store DROP CONSTRAINT event_data_is_an_object;"
        "CREATE FUNCTION wrong() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.event_data := '[1]'; RETURN NEW; END $$;"
        " CREATE TRIGGER zzz BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION wrong()",
    ),
    "other data": (
        8,
        "CREATE FUNCTION wrong() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.event_data := NEW.event_data - 'hash'; RETURN NEW; END $$;"
        " CREATE TRIGGER zzz BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION wrong()",
    ),
    "unreadable for the resume query": (9, "DROP FUNCTION event_resume"),
    "the resume query sees nothing": (
        9,
        "CREATE OR REPLACE FUNCTION event_resume(instance text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$",
    ),
    "nothing can be removed": (10, "DROP FUNCTION purge_instance"),
    "the removal removes nothing": (
        10,
        "CREATE OR REPLACE FUNCTION purge_instance(instance text, older_than timestamptz) RETURNS bigint"
        " LANGUAGE sql AS $$ SELECT 0::bigint $$",
    ),
}


@first_rows(12, "broken", BREAKS)
def test_exactly_the_right_check_fails(prover: Prover, broken: str) -> None:
    number, sql = BREAKS[broken]
    changed = {} if sql else {"PGPORT": "1"}
    with psycopg.connect(prover.url, autocommit=True) as connection:
        for statement in [sql] if sql else []:
            connection.execute(statement)
    tap = prover.run("--tap", **changed)
    states = [line.split(" # ")[-1].split()[0] if "SKIP" in line else line[:2] for line in tap.stdout.splitlines()[1:]]
    states = [state for state in states if state != "# "]
    assert states == ["ok"] * (number - 1) + ["no"] + ["SKIP"] * (10 - number), tap.stdout + tap.stderr
    assert tap.returncode == 1
    assert tap.stderr.startswith(f"event-store-test: test {number} failed: {NAMES[number - 1]}: ")


def test_a_missing_helper_is_named(prover: Prover) -> None:
    (prover.root / ".claude/helpers/log-event.sh").unlink()
    done = prover.run()
    assert (done.returncode, "Test 3 Failed: Helper Function Available" in done.stdout) == (1, True)


def test_a_helper_without_its_function_is_named(prover: Prover) -> None:
    (prover.root / ".claude/helpers/log-event.sh").write_text("true\n")
    assert "✗" in prover.run().stdout.split("Test 3")[1]


def test_what_was_logged_is_removed_when_a_check_fails(prover: Prover) -> None:
    with psycopg.connect(prover.url) as connection:
        connection.execute("DROP FUNCTION event_resume")
    done = prover.run("--json")
    assert (json.loads(done.stdout)["failed"], prover.left()) == (9, [])


def test_what_was_logged_is_removed_when_the_test_is_interrupted(prover: Prover) -> None:
    with psycopg.connect(prover.url) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION event_resume(instance text) RETURNS jsonb LANGUAGE sql"
            " AS $$ SELECT '{}'::jsonb FROM pg_sleep(1) $$"
        )
    process = subprocess.Popen(
        (str(prover.root / SCRIPT),), env=prover.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(b"Test 9"):
            break
    process.terminate()
    process.communicate()
    assert (process.returncode, prover.left()) == (143, [])


def test_sessions_of_killed_tests_are_removed_an_hour_later(prover: Prover) -> None:
    with psycopg.connect(prover.url) as connection:
        connection.execute(
            "INSERT INTO event_store (instance_id, event_type, timestamp, created_at)"
            " SELECT 'event-store-test-PS-' || name, 'commit', moment, moment"
            " FROM (VALUES ('aaaaaa', now() - interval '2 hours'), ('bbbbbb', now())) AS v (name, moment)"
        )
        connection.execute(
            "UPDATE supervisor_sessions SET created_at = now() - interval '2 hours' WHERE instance_id LIKE '%aaaaaa'"
        )
    prover.run()
    assert prover.left() == [("event-store-test-PS-bbbbbb",)] * 2


def test_a_silent_database_fails_the_first_check_in_time(prover: Prover) -> None:
    with silent_server() as port:
        done = prover.run(PGPORT=str(port), PGCONNECT_TIMEOUT="2")
    assert (done.returncode, "Test 1 Failed" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("host", "place"), [("gcp-odin3-vm", "localhost:5434"), ("gcp-odin4-vm", "odin3:5434"), ("laptop", "odin3:5434")]
)
def test_it_finds_the_database_of_its_machine(prover: Prover, host: str, place: str) -> None:
    done = prover.run("--json", PGHOST="", PGPORT="", ROLLOUT_HOSTNAME=host, PGCONNECT_TIMEOUT="1")
    assert json.loads(done.stdout)["database"] == place


def test_an_unknown_host_is_said(prover: Prover) -> None:
    done = prover.run(PGHOST="", PGPORT="", ROLLOUT_HOSTNAME="build-server-7")
    assert "unknown host 'build-server-7'" in done.stdout
