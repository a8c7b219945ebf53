"""docs/event-store.md: what it shows runs, and what it grants is enough and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from rollout.demo.postgres.server import Server
from rollout.events.cli import COMMANDS
from tests.events.databases import INSTANCE, ask, opened

PAGE = (Path(__file__).parents[2] / "docs" / "event-store.md").read_text()

BLOCKS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)

GRANTS = next(block for block in BLOCKS if "GRANT" in block)


@pytest.fixture
def agent(postgres: Server, event_store: str) -> Iterator[str]:
    """The URL of a role with exactly the rights of the page."""
    name = str(ask(event_store, "SELECT current_database()")[0][0])
    role = f"agent_{name}"
    ask(event_store, re.sub(r"\bagent\b", role, GRANTS))
    yield postgres.url_of(name, user=role)
    ask(event_store, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_every_sql_block_runs(event_store: str) -> None:
    assert len(BLOCKS) > 1
    for block in BLOCKS:
        with opened(event_store) as connection, connection.transaction(force_rollback=True):
            connection.execute(block.encode())


def test_every_command_of_the_page_exists() -> None:
    named = set(re.findall(r"rollout events ([a-z]+)", PAGE))
    assert named - COMMANDS.keys() == set()


def test_every_object_of_the_page_exists(event_store: str) -> None:
    for name in re.findall(r"^\| `(event_[a-z]+|supervisor_sessions)`", PAGE, re.MULTILINE):
        assert ask(event_store, "SELECT to_regclass(%s) IS NOT NULL", name) == [(True,)], name


def test_the_rights_of_an_agent_are_enough_to_log_deliver_and_resume(agent: str) -> None:
    ask(agent, "SELECT append_event(%s, 'commit', '{\"hash\": \"a1b2c3d\"}')", INSTANCE)
    with (
        opened(agent) as connection,
        connection.cursor() as cursor,
        cursor.copy("COPY event_intake FROM STDIN") as copy,
    ):
        copy.write_row((None, INSTANCE, "spawn", None, "{}", None, None, None))
        copy.write_row((None, "nobody", "spawn", None, "{}", None, None, None))
    assert ask(agent, "SELECT event_resume(%s) ->> 'events'", INSTANCE) == [("2",)]
    assert ask(agent, "SELECT count(*) FROM event_rejects") == [(1,)]


@pytest.mark.parametrize(
    "deed",
    [
        "DELETE FROM event_store",
        "TRUNCATE event_store",
        "UPDATE event_store SET event_type = 'x'",
        "SELECT purge_instance('consilio-PS-abc123', 'infinity')",
        "SELECT set_config('rollout.purging', 'yes', false); DELETE FROM event_store",
        "ALTER TABLE event_store DISABLE TRIGGER ALL",
        "DROP TABLE event_store",
    ],
)
def test_the_rights_of_an_agent_delete_nothing(agent: str, deed: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(agent, deed)
