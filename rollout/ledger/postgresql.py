"""The ledger in PostgreSQL."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from rollout.errors import Busy
from rollout.ledger.queries import MIGRATIONS, LedgerError, sql
from rollout.safety import shown

# A server that is gone without a word is noticed: when connecting, and while an answer is waited for.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def _our_name() -> str:
    """Return what other runs can read about us while we hold the lock; PostgreSQL keeps 63 bytes of it."""
    return f"rollout pid {os.getpid()} on {os.uname().nodename}"[:63]


def _check_address(url: str) -> None:
    """Raise LedgerError for an address in which part of a password would be read as a host or a port."""
    from psycopg import Error
    from psycopg.conninfo import conninfo_to_dict

    try:
        options = {name: str(value or "") for name, value in conninfo_to_dict(url).items()}
    except Error:
        options = {"port": "unreadable"}
    ports = [port for port in options.get("port", "").split(",") if port]
    if "@" in options.get("host", "")[1:] or not all(port.isdecimal() for port in ports):
        raise LedgerError(
            "the ledger's address cannot be read; it looks like postgresql://USER:PASSWORD@HOST:PORT/DATABASE, and "
            "@ / : ? in a name or a password are written %40 %2F %3A %3F"
        )


class PostgreSQL:
    def __init__(self, url: str) -> None:
        import psycopg

        _check_address(url)
        self._shown = shown.redact(url)
        try:
            self._connection = psycopg.connect(url, autocommit=True, **_PATIENCE, application_name=_our_name())
            self._migrate()
        except psycopg.Error as error:
            raise LedgerError(f"the ledger {self._shown} cannot be used: {_said(error)}") from error

    def _migrate(self) -> None:
        with self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(hashtext('rollout ledger migration'))")
            self._connection.execute("CREATE TABLE IF NOT EXISTS rollout_ledger_version (version integer NOT NULL)")
            row = self._connection.execute("SELECT coalesce(max(version), 0) FROM rollout_ledger_version").fetchone()
            version = row[0] if row else 0
            if version > len(MIGRATIONS):
                raise LedgerError(f"the ledger {self._shown} was written by a newer rollout; upgrade this one")
            for number, name in enumerate(MIGRATIONS[version:], version + 1):
                script = sql(name)
                self._connection.execute(script.encode())
                self._connection.execute("INSERT INTO rollout_ledger_version VALUES (%s)", (number,))

    def rows(self, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        import psycopg

        try:
            cursor = self._connection.execute(_positional(query).encode(), values)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise LedgerError(f"the ledger {self._shown}: {_said(error)}") from error

    def execute(self, query: str, values: Mapping[str, Any]) -> None:
        self.rows(query, values)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        import psycopg

        try:
            with self._connection.transaction():
                yield
        except psycopg.Error as error:
            raise LedgerError(f"the ledger {self._shown}: {_said(error)}") from error

    @contextmanager
    def lock(self, key: str, wait: float) -> Iterator[None]:
        deadline = time.monotonic() + wait
        values = {"key": key}
        while not self.rows("SELECT pg_try_advisory_lock(hashtext('rollout run'), hashtext(:key))", values)[0][0]:
            if time.monotonic() >= deadline:
                who = self._holder()
                raise Busy(f"the ledger {self._shown}: {who} is at work; wait for it, or give --lock-timeout SECONDS")
            time.sleep(0.2)
        try:
            yield
        finally:
            with suppress(LedgerError):
                self.rows("SELECT pg_advisory_unlock(hashtext('rollout run'), hashtext(:key))", values)

    def held(self, key: str) -> bool:
        found = self.rows(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND classid = (hashtext('rollout run')::bigint & 4294967295) "
            "AND objid = (hashtext(:key)::bigint & 4294967295)",
            {"key": key},
        )
        return bool(found)

    def _holder(self) -> str:
        found = self.rows(
            "SELECT a.application_name, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
            "FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted "
            "AND l.classid = (hashtext('rollout run')::bigint & 4294967295) LIMIT 1",
            {},
        )
        return f"{found[0][0]}, since {found[0][1]}," if found else "another run, which just ended,"


def _positional(query: str) -> str:
    """Turn `:name` into the driver's `%(name)s`; our queries hold no other colon and no percent sign but LIKE's."""
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", query.replace("%", "%%"))


def _said(error: Exception) -> str:
    return shown.redact(" ".join(str(error).split()))[:300]
