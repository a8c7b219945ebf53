"""Short ways for tests to ask a database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

OLD_STORE = Path(__file__).with_name("old_store.sql")
INSTANCE = "consilio-PS-abc123"

Rows = list[tuple[Any, ...]]
_open: dict[str, psycopg.Connection[tuple[Any, ...]]] = {}


@contextmanager
def opened(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect as any client would: not through the program under test."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def ask(url: str, sql: str, *parameters: object) -> Rows:
    """Run one statement and return its rows."""
    if threading.current_thread() is not threading.main_thread():
        with opened(url) as connection:
            return _rows(connection, sql, parameters)
    connection = _kept_open(url)
    try:
        return _rows(connection, sql, parameters)
    except psycopg.Error:
        connection.close()
        raise
    finally:
        if not connection.closed:
            connection.execute("RESET ALL")


def _rows(connection: psycopg.Connection[tuple[Any, ...]], sql: str, parameters: tuple[object, ...]) -> Rows:
    cursor = connection.execute(sql.encode(), parameters or None)
    return cursor.fetchall() if cursor.description else []


def _kept_open(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Return the connection of the question before, if it was to the same database: a new one costs a process."""
    for known, connection in list(_open.items()):
        if known == url and not connection.closed:
            return connection
        connection.close()
        del _open[known]
    return _open.setdefault(url, psycopg.connect(url, autocommit=True))


def with_old_store(url: str) -> str:
    """Make the first user's tables, with their rows, in an empty database."""
    with opened(url) as connection:
        connection.execute(OLD_STORE.read_bytes())
    return url


def positions(url: str, instance: str = INSTANCE) -> list[int]:
    """Return the positions of an instance in their order."""
    rows = ask(url, "SELECT sequence_num FROM event_store WHERE instance_id = %s ORDER BY 1", instance)
    return [number for (number,) in rows]
