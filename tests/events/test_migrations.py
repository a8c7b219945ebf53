"""Migrations: on an empty database, on themselves, on the first user's real tables, and never by guessing."""

import threading
from pathlib import Path

import pytest

from rollout.demo.postgres.server import Server
from rollout.errors import Refused, RolloutError
from rollout.events.checks import CheckState, run_checks, scratch
from rollout.events.database import check_server, connected
from rollout.events.event import NewEvent
from rollout.events.event_types import shipped_types, store_types
from rollout.events.migrations import Migration, migrate, pending, shipped
from rollout.events.store import append, resume_in_sql
from tests.events.databases import INSTANCE, ask, positions, with_old_store

OLD_ROWS = """
    SELECT event_id, instance_id, event_type, sequence_num, "timestamp", event_data, metadata, parent_uuid,
           root_uuid, depth, created_at, updated_at,
           (SELECT json_agg(s ORDER BY instance_id)
              FROM (SELECT instance_id, project, instance_type, status, current_epic, last_heartbeat, created_at,
                           closed_at, host_machine FROM supervisor_sessions) AS s)::text,
           (SELECT json_agg(c ORDER BY id) FROM command_log c)::text
      FROM event_store ORDER BY event_id
"""


def migrated(url: str) -> tuple[str, ...]:
    with connected(url) as connection:
        applied = migrate(connection)
        store_types(connection, shipped_types())
        return applied


def test_an_empty_database_becomes_an_event_store(any_empty_database: str) -> None:
    assert migrated(any_empty_database) == tuple(migration.name for migration in shipped())


def test_a_second_run_changes_nothing(any_event_store: str) -> None:
    assert migrated(any_event_store) == ()


def test_the_rows_of_the_older_store_stay_as_they_are(any_empty_database: str) -> None:
    url = with_old_store(any_empty_database)
    before = ask(url, OLD_ROWS)
    migrated(url)
    assert ask(url, OLD_ROWS) == before


def test_the_older_store_goes_on_where_it_was_and_takes_every_type(any_empty_database: str) -> None:
    url = with_old_store(any_empty_database)
    migrated(url)
    with connected(url) as connection:
        numbers = [append(connection, NewEvent(INSTANCE, kind.name)) for kind in shipped_types()]
    assert numbers == list(range(6, 6 + len(numbers)))


def test_clients_of_the_older_store_go_on_working(any_empty_database: str) -> None:
    url = with_old_store(any_empty_database)
    migrated(url)
    ask(
        url,
        "INSERT INTO event_store (instance_id, event_type, sequence_num, event_data, metadata)"
        " VALUES (%s, 'spawn', get_next_sequence_num(%s), '{}', NULL), (%s, 'deploy', 2, '{}', NULL)",
        *[INSTANCE] * 3,
    )
    assert positions(url) == [1, 2, 5, 6, 7]


def test_the_older_store_is_read_by_resume(empty_database: str) -> None:
    url = with_old_store(empty_database)
    migrated(url)
    with connected(url) as connection:
        answer = resume_in_sql(connection, INSTANCE)
    epics, commit = answer["open_epics"], answer["last_commit"]
    assert isinstance(epics, list)
    assert isinstance(commit, dict)
    assert (epics[0]["epic_id"], commit["hash"], answer["complete"], answer["missing"]) == (
        "epic-003",
        "a1b2c3d",
        False,
        2,
    )


def test_an_unknown_host_no_longer_becomes_odin3(empty_database: str) -> None:
    url = with_old_store(empty_database)
    migrated(url)
    ask(url, "SELECT append_event('odin-PS-abc123', 'spawn')")
    ask(url, "SELECT append_event('odin-PS-abc124', 'spawn', '{}', '{\"host\": \"GCP.Odin4_vm!\"}')")
    machines = ask(url, "SELECT host_machine FROM supervisor_sessions WHERE project = 'odin' ORDER BY instance_id")
    assert machines == [(None,), ("gcp-odin4_vm",)]


def test_deleting_a_session_of_the_older_store_does_not_take_its_events_along(empty_database: str) -> None:
    url = with_old_store(empty_database)
    migrated(url)
    with pytest.raises(Exception, match="append only"):
        ask(url, "DELETE FROM supervisor_sessions WHERE instance_id = %s", INSTANCE)


def test_a_purge_of_the_older_store_leaves_its_command_log(empty_database: str) -> None:
    url = with_old_store(empty_database)
    migrated(url)
    assert ask(url, "SELECT purge_instance(%s, 'infinity')", INSTANCE) == [(3,)]
    assert ask(url, "SELECT count(*) FROM command_log") == [(4,)]


def test_a_purge_of_the_older_store_takes_the_row_of_its_session_along(any_empty_database: str) -> None:
    url = with_old_store(any_empty_database)
    migrated(url)
    ask(url, "SELECT append_event('odin-PS-abc123', 'spawn')")
    assert ask(url, "SELECT purge_instance('odin-PS-abc123', 'infinity')") == [(1,)]
    assert ask(url, "SELECT count(*) FROM supervisor_sessions WHERE instance_id = 'odin-PS-abc123'") == [(0,)]


def test_a_session_of_the_older_store_that_logged_nothing_can_be_deleted(empty_database: str) -> None:
    url = with_old_store(empty_database)
    migrated(url)
    ask(url, "SELECT register_instance('odin-PS-abc123', NULL)")
    ask(url, "DELETE FROM supervisor_sessions WHERE instance_id = 'odin-PS-abc123'")
    assert ask(url, "SELECT count(*) FROM supervisor_sessions WHERE instance_id = 'odin-PS-abc123'") == [(0,)]


def test_the_ten_checks_pass_on_the_older_store(empty_database: str) -> None:
    url = with_old_store(empty_database)
    migrated(url)
    with connected(url) as connection:
        findings = run_checks(connection, scratch())
    assert [
        (finding.check.number, finding.said) for finding in findings if finding.state is not CheckState.PASSED
    ] == []


HALVES = {
    "sessions alone": "CREATE TABLE supervisor_sessions (instance_id varchar(32) PRIMARY KEY)",
    "events alone": "CREATE TABLE event_store (event_id uuid, instance_id varchar(32) NOT NULL,"
    " event_type varchar(64) NOT NULL, sequence_num bigint NOT NULL)",
    "the seed's columns": "CREATE TABLE event_store (event_id uuid PRIMARY KEY, instance_id varchar(32),"
    " event_type varchar(64), sequence_num bigint, event_data jsonb, metadata jsonb, parent_uuid uuid,"
    " root_uuid uuid, depth integer)",
    "a closed list of types under another name": "CREATE TABLE event_store (event_id uuid PRIMARY KEY,"
    " instance_id varchar(32), event_type varchar(64) CHECK (event_type IN ('error')), sequence_num bigint)",
}


@pytest.mark.parametrize("half", HALVES)
def test_a_database_with_half_of_the_tables_is_completed(empty_database: str, half: str) -> None:
    ask(empty_database, HALVES[half])
    migrated(empty_database)
    ask(empty_database, "SELECT append_event('odin-PS-abc123', 'spawn') FROM generate_series(1, 3)")
    assert positions(empty_database, "odin-PS-abc123") == [1, 2, 3]


def test_a_table_that_only_shares_the_name_is_left_alone(empty_database: str) -> None:
    ask(empty_database, "CREATE TABLE event_store (event_id integer, instance_id text)")
    with pytest.raises(Refused, match=r"event_store\.event_id is integer, expected uuid"):
        migrated(empty_database)
    assert ask(empty_database, "SELECT count(*) FROM pg_class WHERE relname = 'supervisor_sessions'") == [(0,)]


def test_positions_used_twice_are_named_and_not_renumbered(empty_database: str) -> None:
    ask(
        empty_database,
        HALVES["events alone"] + "; INSERT INTO event_store VALUES"
        " (gen_random_uuid(), 'odin-PS-abc123', 'x', 1), (gen_random_uuid(), 'odin-PS-abc123', 'x', 1)",
    )
    with pytest.raises(Refused, match="used twice by odin-PS-abc123"):
        migrated(empty_database)


def test_a_role_without_rights_is_told_so(postgres: Server, empty_database: str) -> None:
    name = ask(empty_database, "SELECT current_database()")[0][0]
    ask(empty_database, f'CREATE ROLE "{name}" LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC')
    with pytest.raises(RolloutError, match="permission denied for schema public; ask the owner"):
        migrated(postgres.url_of(name, user=name))
    ask(empty_database, f'DROP ROLE "{name}"')


def test_an_altered_old_file_is_refused(event_store: str) -> None:
    first, *others = shipped()
    with connected(event_store) as connection, pytest.raises(Refused, match="0001_tables was altered"):
        migrate(connection, [Migration(first.name, first.sql + b"-- better"), *others])


def test_a_database_of_a_newer_program_is_refused(event_store: str) -> None:
    with connected(event_store) as connection, pytest.raises(Refused, match="newer rollout"):
        migrate(connection, shipped()[:-1])


def test_line_ends_of_a_checkout_are_no_alteration() -> None:
    assert Migration("a", b"SELECT 1;\r\n").digest == Migration("a", b"SELECT 1;\n").digest


def test_what_is_pending_is_decided_by_names_and_digests() -> None:
    first, second = Migration("0001_a", b"a"), Migration("0002_b", b"b")
    assert pending([first, second], {"0001_a": first.digest}) == (second,)


def test_a_failing_migration_changes_nothing(empty_database: str) -> None:
    broken = [Migration("0001_a", b"CREATE TABLE half (a int)"), Migration("0002_b", b"SELEC 1")]
    with pytest.raises(RolloutError, match="syntax error"), connected(empty_database) as connection:
        migrate(connection, broken)
    assert ask(empty_database, "SELECT count(*) FROM pg_class WHERE relname IN ('half', 'event_migrations')") == [(0,)]


def test_two_runners_at_once_apply_each_migration_once(empty_database: str) -> None:
    applied: list[tuple[str, ...]] = []
    runners = [threading.Thread(target=lambda: applied.append(migrated(empty_database))) for _ in range(2)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    assert sorted(applied, key=len) == [(), tuple(migration.name for migration in shipped())]


def test_the_store_can_live_in_a_schema_of_its_own(empty_database: str) -> None:
    ask(empty_database, "CREATE SCHEMA agents")
    migrated(empty_database + "&options=-csearch_path%3Dagents")
    ask(empty_database, "INSERT INTO agents.event_store (instance_id, event_type) VALUES ('odin-PS-abc123', 'spawn')")
    assert ask(empty_database, "SELECT sequence_num FROM agents.event_store") == [(1,)]


def test_an_old_server_is_refused() -> None:
    with pytest.raises(RolloutError, match="runs PostgreSQL 12; the event store needs 13 or newer"):
        check_server(120017, "odin3:5434/supervisor_service")


def test_every_migration_says_first_what_it_is_for() -> None:
    folder = Path(str(migrate.__code__.co_filename)).parent / "sql" / "migrations"
    assert [path.name for path in folder.glob("*.sql") if not path.read_text().startswith("-- ")] == []


def test_one_index_holds_the_positions(any_empty_database: str) -> None:
    url = with_old_store(any_empty_database)
    with connected(url) as connection:
        migrate(connection)
    indexes = ask(
        url, "SELECT indexdef FROM pg_indexes WHERE tablename = 'event_store' AND indexdef ~ 'UNIQUE.*sequence'"
    )
    assert [str(line).partition("btree ")[2] for (line,) in indexes] == [
        "(instance_id, sequence_num) INCLUDE (event_type)"
    ]
