"""Documents are proved by running what they say, on a real database, with no harm to what is in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from rollout.demo.postgres.server import Server
from rollout.errors import RolloutError
from rollout.events import documents
from rollout.events.bench import Declared, RolledOut
from rollout.events.documents import DocumentFault
from rollout.events.event_types import shipped_types
from tests.events.databases import ask
from tests.events.first_user_files import Files, rendered
from tests.events.shells import database_of

HELPER = "source /home/samuel/sv/.claude/helpers/log-event.sh\n"

DECLARED = Declared(
    places=frozenset({"localhost:5434", "odin3:5434"}),
    databases=frozenset({"supervisor_service"}),
    users=frozenset({"supervisor"}),
    types=shipped_types(),
    host="odin3",
)


@pytest.fixture(autouse=True)
def psql(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put this server's psql first."""
    monkeypatch.setenv("PATH", f"{postgres.bin}:{os.environ['PATH']}")


@cache
def first_user() -> Files:
    return rendered()


@cache
def helpers() -> tuple[RolledOut, ...]:
    return tuple(file for file in first_user().files if file.path.startswith(".claude/helpers/"))


def page(text: str, path: str = "docs/page.md", owner: str = "shared") -> RolledOut:
    return RolledOut(owner, "/home/samuel/sv", path, text.encode())


def fenced(language: str, *bodies: str) -> RolledOut:
    """Return a page with these blocks."""
    return page("".join(f"```{language}\n{body}\n```\n" for body in bodies))


def complaints(url: str, *files: RolledOut, declared: Declared = DECLARED) -> list[str]:
    found: Sequence[DocumentFault] = documents.prove(url, (*files, *helpers()), declared, {"shared"})
    return [fault.complaint for fault in found]


def test_every_block_and_hook_of_the_first_users_documents_works(empty_database: str, postgres: Server) -> None:
    before = postgres.execute("SELECT datname FROM pg_database ORDER BY 1")
    assert documents.prove(empty_database, first_user().files, first_user().declared) == ()
    assert postgres.execute("SELECT datname FROM pg_database ORDER BY 1") == before
    assert ask(empty_database, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") == []


def test_what_works_works(empty_database: str) -> None:
    sql = fenced("sql", "SELECT 1; SELECT instance_id FROM event_store;", "DELETE FROM event_rejects")
    shell = fenced(
        "bash", HELPER + 'log_event "commit" \'{"hash":"a1"}\'', HELPER + "event_psql -c 'SELECT 1' | grep -q 1", "true"
    )
    assert complaints(empty_database, sql) == complaints(empty_database, shell) == []


def test_every_wrong_query_is_found(empty_database: str) -> None:
    """One page for all of them: what one block does is no other block's matter."""
    wrong = {
        "SELECT 1 FROM command_log": 'relation "command_log" does not exist',
        "SELECT event_kind FROM event_store": 'column "event_kind" does not exist',
        "SELECT event_resumee('x')": "function event_resumee(unknown) does not exist",
        "UPDATE event_store SET depth = 1; SELEC": 'syntax error at or near "SELEC"',
        "SELECT 1 FROM event_store WHERE event_type = 'comit'": "event type 'comit' is not in the list of types",
        "INSERT INTO event_store (instance_id, event_type) VALUES ('odin-PS-abc123', 'comit')":
            "event type 'comit' is not in the list of types",
        "SELECT append_event('odin-PS-abc123', 'comit')": "event type 'comit' is not in the list of types",
        "INSERT INTO event_intake (instance_id, event_type) VALUES ('nobody', 'commit')":
            'the database refuses an event for good: instance id "nobody" does not fit',
        "SELECT 1 FROM event_store WHERE event_type IN ('commit', 'deplyo')":
            "event type 'deplyo' is not in the list of types",
    }  # fmt: skip
    found = documents.prove(empty_database, (fenced("sql", *wrong), *helpers()), DECLARED)
    by_block = [((fault.line - 1) // 3, fault.complaint) for fault in found]  # of three lines each
    assert by_block == [(number, f"sql block: {complaint}") for number, complaint in enumerate(wrong.values())]


def test_every_wrong_command_is_found(empty_database: str) -> None:
    """One page for all of them: what one block does is no other block's matter."""
    wrong = {
        HELPER + 'event_psql -c "SELECT 1 FROM command_log" | cat': 'relation "command_log" does not exist',
        "source /home/samuel/sv/.claude/helpers/log-evnt.sh": "/.claude/helpers/log-evnt.sh: No such file",
        "source /home/samule/sv/.claude/helpers/log-event.sh": "No such file",
        "false | true": "ended with exit code 1",
        "psql -h odin4 -p 5434 -c 'SELECT 1'": "no machine of the inventory has its database at odin4:5434",
        "psql -h odin3 -p 5433 -c 'SELECT 1'": "no machine of the inventory has its database at odin3:5433",
        "PGPORT=5433 psql -c 'SELECT 1'": ":5433",
        "psql -c 'SELECT 1'": "no machine of the inventory has its database at localhost:5432",
        "psql -h odin3 -p 5434 -U supervisor -c 'SELECT 1'": 'the inventory knows no database "supervisor"',
        "psql -h odin3 -p 5434 -d supervisor_servce -c 'SELECT 1'": 'no database "supervisor_servce"',
        "psql postgresql://root@odin3:5434/supervisor_service -c ''": 'no database user "root"',
        "psql 'host=odin5 port=5434' -c ''": "odin5:5434",
        HELPER + 'kind=comit; log_event "$kind" \'{}\'': "event type 'comit' is not in the list of types",
        HELPER + "log_event \"commit\" '{hash: a1}'": "the payload of 'commit' is not JSON: {hash: a1}",
        HELPER + 'export PGPORT=5433; log_event "commit" \'{"hash":"a1"}\'': "1 of its events did not reach",
        HELPER + 'INSTANCE_ID=; log_evnt "commit"': "log_evnt: command not found",
        HELPER + 'log_event "comit" \'{}\'': "event type 'comit' is not in the list of types",
    }  # fmt: skip
    found = documents.prove(empty_database, (fenced("bash", *wrong), *helpers()), DECLARED)
    text = fenced("bash", *wrong).content.decode().splitlines()
    by_line = {fault.line: fault.complaint for fault in found}
    starts = [number for number, line in enumerate(text, 1) if line == "```bash"]
    for (body, expected), line in zip(wrong.items(), starts, strict=True):
        assert expected in by_line.get(line, "nothing is wrong"), body


def test_a_declared_database_is_the_scratch_one_however_it_is_named(empty_database: str) -> None:
    ways = (
        "psql -h odin3 -p 5434 -U supervisor -d supervisor_service -XAtqc 'SELECT 1'",
        "psql -Xhodin3 -p5434 -Usupervisor -dsupervisor_service -Atqc 'SELECT 1'",
        "psql --host=odin3 --port 5434 --username supervisor --dbname=supervisor_service -c 'SELECT 1'",
        "psql postgresql://supervisor@odin3:5434/supervisor_service -c 'SELECT 1'",
        "psql -d 'host=localhost port=5434 dbname=supervisor_service user=supervisor' -c 'SELECT 1'",
        "PGHOST=odin3 PGPORT=5434 PGDATABASE=supervisor_service PGUSER=supervisor psql -c 'SELECT 1'",
        HELPER + "event_psql -c 'SELECT 1'",
        "psql -h localhost -p 5434 supervisor_service supervisor -c 'SELECT 1' -v a=b -f /dev/null",
        HELPER + "[ \"$(event_psql -Atq -v a=7 <<< 'SELECT :a')\" = 7 ]",
    )
    assert complaints(empty_database, fenced("bash", *ways)) == []


def test_a_fault_has_the_line_of_the_document(empty_database: str) -> None:
    text = "# A page\n\n```sql\nSELECT 1;\n\nSELECT nothing;\n```\n\n```bash\nls /nowhere/at/all\n```\n"
    found = documents.prove(empty_database, (page(text),), DECLARED)
    assert [(fault.path, fault.line) for fault in found] == [("docs/page.md", 6), ("docs/page.md", 9)]
    assert found[0].complaint == 'sql block: column "nothing" does not exist'


def test_what_cannot_run_says_why(empty_database: str) -> None:
    good = page("```bash no-run: needs a person\nfalse\n```\n")
    bad = page("```bash no-run\nfalse\n```\n\n~~~sql no-run:\nx\n~~~\n")
    unended = page("```bash\ntrue\n")
    assert complaints(empty_database, good) == []
    needs = "no-run needs a reason, as in `no-run: needs a terminal`"
    assert complaints(empty_database, bad) == [f"bash block: {needs}", f"sql block: {needs}"]
    assert complaints(empty_database, unended) == ["bash block: its fence is never closed"]


def test_the_store_itself_stays_as_it_is(event_store: str) -> None:
    ask(event_store, "CREATE TABLE command_log (id bigint)")
    write = "INSERT INTO event_store (instance_id, event_type) VALUES ('consilio-PS-abc123', 'commit')"
    block = fenced("bash", HELPER + 'log_event commit \'{"hash":"a"}\'', f'{HELPER}event_psql -c "{write}"')
    assert complaints(event_store, block, fenced("sql", write + "; COMMIT")) == []
    assert ask(event_store, "SELECT count(*) FROM event_store") == [(0,)]
    # A table of the person's own is none of the event store's: documents that need it are wrong, as they once were.
    assert complaints(event_store, fenced("sql", "SELECT 1 FROM command_log")) != []


def test_whoever_may_not_create_databases_proves_in_a_schema(event_store: str, postgres: Server) -> None:
    name = f"prover_{database_of(event_store)}"
    ask(event_store, "CREATE TABLE command_log (id bigint)")
    postgres.execute(f"CREATE ROLE {name} LOGIN; GRANT CREATE ON DATABASE {database_of(event_store)} TO {name}")
    url = postgres.url_of(database_of(event_store), name)
    try:
        block = fenced(
            "bash", HELPER + 'log_event commit \'{"hash":"a"}\'', HELPER + "event_psql -c 'SELECT 1 FROM command_log'"
        )
        found = complaints(url, block, fenced("sql", "SELECT count(*) FROM event_store"))
        assert [complaint.partition(" does")[0] for complaint in found] == ['bash block: ERROR: relation "command_log"']
        schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'rollout_proof%'"
        assert ask(event_store, schemas) == [(0,)]
        ask(event_store, f"REVOKE CREATE ON DATABASE {database_of(event_store)} FROM {name}")
        with pytest.raises(RolloutError, match="permission denied"):
            complaints(url, block)
    finally:
        postgres.execute(f"REVOKE ALL ON DATABASE {database_of(event_store)} FROM {name}; DROP ROLE {name}")


def test_what_a_killed_proof_left_is_swept_by_the_next_one(empty_database: str, postgres: Server) -> None:
    old, new = "rollout_proof_1700000000_00c0ffee", "rollout_proof_9999999999_00c0ffee"
    for name in (old, new):
        postgres.create_database(name)
    try:
        assert complaints(empty_database, fenced("sql", "SELECT 1")) == []
        left = postgres.execute("SELECT datname FROM pg_database WHERE datname LIKE '%c0ffee'").split()
        assert left == [new]
    finally:
        postgres.drop_database(new)


def test_nothing_outlives_a_block_and_nothing_of_the_person_reaches_it(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MY_TOKEN", "sekret")
    pid = tmp_path / "pid"
    block = fenced("bash", f"sleep 300 & echo $! > {pid}", f'[ -z "${{MY_TOKEN-}}" ] && [ "$HOME" != "{Path.home()}" ]')
    assert complaints(empty_database, block, fenced("bash", "! env | grep -q ^PG")) == []
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid.read_text().strip()], capture_output=True, text=True).stdout
    assert state.strip()[:1] in {"", "Z"}  # gone, or waiting for whoever adopted it


def test_one_text_in_many_repositories_runs_once_and_fails_in_each(empty_database: str) -> None:
    pages = [replace(fenced("bash", "cat NOTES; false"), owner=name, folder=f"/r/{name}") for name in ("a", "b")]
    found = documents.prove(empty_database, pages, DECLARED)
    assert [(fault.owner, fault.line) for fault in found] == [("a", 1), ("b", 1)]


def test_hooks_resolve_and_exit_well(empty_database: str) -> None:
    def settings(command: str) -> RolledOut:
        text = '{"hooks": {"SessionEnd": [{"hooks": [\n{"type": "command", "command": "%s", "timeout": 5}]}]}}'
        return page(text % command, ".claude/settings.json")

    assert complaints(empty_database, settings("grep -q SessionEnd")) == []
    assert complaints(empty_database, settings("/home/samuel/sv/.claude/helpers/event-hook.sh SessionEnd a PS")) == []
    found = documents.prove(empty_database, (settings("/home/samuel/sv/.claude/helpers/evnt-hook.sh"),), DECLARED)
    assert [(fault.line, "not found" in fault.complaint) for fault in found] == [(2, True)]
    assert complaints(empty_database, settings("exit 2")) == ["SessionEnd hook: ended with exit code 2"]
    assert "is not JSON" in complaints(empty_database, page("{", ".claude/settings.json"))[0]
    assert "shape" in complaints(empty_database, page('{"hooks": {"Stop": {}}}', ".claude/settings.json"))[0]


def test_a_database_that_is_down_proves_nothing() -> None:
    with pytest.raises(RolloutError, match="cannot connect"):
        documents.prove("postgresql://x:sekret@127.0.0.1:1/x", (fenced("sql", "SELECT 1"),), DECLARED)
    assert documents.prove("postgresql://x@127.0.0.1:1/x", (page("no blocks"),), DECLARED) == ()
