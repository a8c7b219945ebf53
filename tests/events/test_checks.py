"""The test of the tests: break the store in one way, and exactly the right check fails."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rollout.events import check_report
from rollout.events.checks import CheckState, all_checks, run_checks, scratch, unreachable
from rollout.events.database import connected
from rollout.events.helper import faults_of
from tests.events.databases import ask

SEEDS_REPORT = """\
================================
Event Store Test Script
================================

✓ Database connection: localhost:5434

Test 1: Database Connectivity
✓ Database connection successful

Test 2: event_store Table Exists
✓ event_store table exists

Test 3: Helper Function Available
✓ append_event function loaded

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


def failed(url: str) -> list[int]:
    with connected(url) as connection:
        findings = run_checks(connection, scratch())
    return [finding.check.number for finding in findings if finding.state is CheckState.FAILED]


def after(change: str) -> str:
    """Return SQL that changes every event on its way, after the position was given."""
    return f"""
        CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {change} RETURN NEW; END $$;
        CREATE TRIGGER zzz_spoil BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION spoil();
    """


def test_a_whole_store_gives_the_seeds_report(any_event_store: str) -> None:
    with connected(any_event_store) as connection:
        findings = run_checks(connection, scratch())
    assert check_report.as_text(findings, "localhost:5434") == SEEDS_REPORT


WAYS = {
    "no table": ("DROP TABLE event_store CASCADE", 2),
    "no sessions": ("DROP TABLE supervisor_sessions CASCADE", 2),
    "a column of another type": ("ALTER TABLE event_store ALTER COLUMN depth TYPE bigint", 2),
    "no append function": ("DROP FUNCTION append_event(text, text, jsonb, jsonb, uuid, uuid, timestamptz)", 3),
    "no intake": ("DROP VIEW event_intake", 3),
    "no trigger": ("DROP TRIGGER zz_event_store_append ON event_store", 3),
    "a disabled trigger": ("ALTER TABLE event_store DISABLE TRIGGER zz_event_store_append", 3),
    "a closed list of types": ("ALTER TABLE event_store ADD CONSTRAINT v CHECK (event_type <> 'spawn')", 4),
    "sessions are not registered": (
        "CREATE OR REPLACE FUNCTION register_instance(instance text, host text, seen timestamptz DEFAULT now())"
        " RETURNS void LANGUAGE sql AS 'SELECT'",
        4,
    ),
    "events get lost": (after("IF NEW.event_type = 'commit' THEN RETURN NULL; END IF;"), 5),
    "a gap": (after("NEW.sequence_num := NEW.sequence_num * 2;"), 6),
    "a double": (
        "ALTER TABLE event_store DROP CONSTRAINT event_store_positions;" + after("NEW.sequence_num := 1;"),
        6,
    ),
    "a wrong type": (after("NEW.event_type := 'error';"), 7),
    "data that is no object": (
        "ALTER TABLE event_store DROP CONSTRAINT event_data_is_an_object;" + after("NEW.event_data := '[1]';"),
        8,
    ),
    "other data": (after("NEW.event_data := '{}';"), 8),
    "no resume query": ("DROP FUNCTION event_resume(text)", 9),
    "a resume query that cannot read": (
        "CREATE OR REPLACE FUNCTION event_resume(instance text) RETURNS jsonb LANGUAGE sql AS 'SELECT ''{}''::jsonb'",
        9,
    ),
    "no cleanup": ("DROP FUNCTION purge_instance(text, timestamptz)", 10),
    "a cleanup that leaves events": (
        "CREATE OR REPLACE FUNCTION purge_instance(instance text, older_than timestamptz) RETURNS bigint"
        " LANGUAGE sql AS 'SELECT 0::bigint'",
        10,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_exactly_the_right_check_fails(event_store: str, way: str) -> None:
    change, number = WAYS[way]
    ask(event_store, change)
    assert failed(event_store) == [number]


@pytest.mark.parametrize("change", ["SELECT 1", "DROP FUNCTION purge_instance(text, timestamptz)"])
def test_the_checks_leave_nothing_behind(event_store: str, change: str) -> None:
    ask(event_store, change)
    failed(event_store)
    left = ask(event_store, "SELECT (SELECT count(*) FROM event_store), (SELECT count(*) FROM supervisor_sessions)")
    assert left == [(0, 0)]


def test_an_empty_database_fails_at_its_table_and_says_so_once(empty_database: str) -> None:
    with connected(empty_database) as connection:
        findings = run_checks(connection, scratch())
    said = {f.check.number: f.said for f in findings if f.state is CheckState.FAILED}
    assert said == {2: ("there is no table event_store", "there is no table supervisor_sessions")}


def test_no_connection_fails_the_first_check_and_skips_the_rest() -> None:
    report = check_report.as_tap(unreachable("connection refused")).splitlines()
    assert report[:5] == [
        "TAP version 13",
        "1..10",
        "not ok 1 - Database Connectivity",
        "# connection refused",
        "ok 2 - event_store Table Exists # SKIP needs test 1",
    ]


def test_the_report_for_programs_names_every_check(event_store: str) -> None:
    with connected(event_store) as connection:
        document = json.loads(check_report.as_json(run_checks(connection, scratch()), "localhost:5434"))
    assert (document["format"], document["ok"]) == ("rollout-events-verify/1", True)
    assert [test["number"] for test in document["tests"]] == [check.number for check in all_checks()]


HELPERS = {
    "log_event() { :; }": (),
    "other() { :; }": ("does not define log_event",),
    "log_event() {": ("does not define log_event",),
}


@pytest.mark.parametrize("text", HELPERS)
def test_a_helper_is_loaded_to_see_whether_it_works(tmp_path: Path, text: str) -> None:
    helper = tmp_path / "log-event.sh"
    helper.write_text(text)
    faults = faults_of(helper)
    assert len(faults) == len(HELPERS[text])
    assert all(part in fault for part, fault in zip(HELPERS[text], faults, strict=True))


def test_a_helper_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "log-event.sh") == (f"there is no helper script {tmp_path}/log-event.sh",)


def test_verify_with_a_missing_helper_fails_test_3_alone(event_store: str, tmp_path: Path) -> None:
    command = (
        sys.executable,
        "-m",
        "rollout.events",
        "--database",
        event_store,
        "verify",
        "--helper",
        str(tmp_path / "x"),
    )
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "1 of 10 Tests Failed: 3 Helper Function Available" in done.stdout
