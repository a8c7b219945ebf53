"""Short ways for tests to ask a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

OLD_STORE = Path(__file__).with_name("old_store.sql")
INSTANCE = "consilio-PS-abc123"

Rows = list[tuple[Any, ...]]


@contextmanager
def opened(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect as any client would: not through the program under test."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def ask(url: str, sql: str, *parameters: object) -> Rows:
    """Run one statement and return its rows."""
    with opened(url) as connection:
        cursor = connection.execute(sql.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []


def with_old_store(url: str) -> str:
    """Make the first user's tables, with their rows, in an empty database."""
    ask(url, OLD_STORE.read_text())
    return url


def positions(url: str, instance: str = INSTANCE) -> list[int]:
    """Return the positions of an instance in their order."""
    rows = ask(url, "SELECT sequence_num FROM event_store WHERE instance_id = %s ORDER BY 1", instance)
    return [number for (number,) in rows]
