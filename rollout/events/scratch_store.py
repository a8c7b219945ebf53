"""A temporary store for trying things out, on the server of the real one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rollout.events import database, event_types, migrations
from rollout.events.event_types import EventType
from rollout.events.queries import query

if TYPE_CHECKING:
    from rollout.events.database import Connection


@contextmanager
def store_itself(url: str) -> Iterator[tuple[Connection, dict[str, str]]]:
    """Connect to the store behind the URL, and return the variables with which psql reaches it."""
    with database.connected(url) as connection:
        yield connection, variables(connection)


@contextmanager
def scratch_store(url: str, types: Sequence[EventType]) -> Iterator[tuple[Connection, dict[str, str]]]:
    """Make a database for the proof, or a schema if that is not allowed, and remove it afterwards."""
    import psycopg

    name = f"rollout_proof_{int(time.time()):010d}_{secrets.token_hex(4)}"
    with database.connected(url) as owner:
        _sweep(owner)
        try:
            _execute(owner, "proof_create_database", name)
            kind, opened = "database", {"dbname": name}
        except psycopg.errors.InsufficientPrivilege:
            kind, opened = "schema", {"options": _with_path(database.read_url(url).get("options", ""), name)}
            _execute(owner, "proof_create_schema", name)
        try:
            with _connected(url, opened) as connection:
                migrations.migrate(connection)
                event_types.store_types(connection, types)
                yield connection, variables(connection)
        finally:
            with suppress(psycopg.Error):
                _execute(owner, f"proof_drop_{kind}", name)


def _with_path(options: str, schema: str) -> str:
    return f"{options} -c search_path={schema}".strip()


@contextmanager
def _connected(url: str, instead: Mapping[str, str]) -> Iterator[Connection]:
    from psycopg.conninfo import make_conninfo

    with database.connected(make_conninfo(url, **instead)) as connection:
        yield connection


def _sweep(owner: Connection) -> None:
    """Remove what killed proofs left behind."""
    import psycopg

    for kind in ("database", "schema"):
        for (name,) in owner.execute(query(f"proof_leftover_{kind}s")).fetchall():
            with suppress(psycopg.Error):
                _execute(owner, f"proof_drop_{kind}", str(name))


def _execute(connection: Connection, statement: str, name: str) -> None:
    from psycopg import sql

    text = query(statement).decode()
    connection.execute(sql.SQL(text).format(name=sql.Identifier(name)))


def variables(connection: Connection) -> dict[str, str]:
    """Return the `PG*` variables with which psql reaches what this connection has reached."""
    found = {
        option.envvar.decode(): option.val.decode()
        for option in connection.pgconn.info
        if option.envvar and option.val is not None
    }
    info = connection.info
    found |= {"PGHOST": info.host or info.hostaddr or "localhost", "PGPORT": str(info.port), "PGUSER": info.user}
    found |= {"PGDATABASE": info.dbname, "PGAPPNAME": "rollout-proof"}
    if info.password:
        found["PGPASSWORD"] = info.password
    return {name: value for name, value in found.items() if value}
