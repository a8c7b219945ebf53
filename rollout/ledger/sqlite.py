"""The ledger in SQLite."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rollout.ledger.checked import Checked
from rollout.ledger.queries import MIGRATIONS, LedgerError, sql

_PATIENCE = 10.0  # seconds to wait for another process that writes


def read_only(path: Path, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a ledger as it is on disk; raise sqlite3.Error if it cannot be read without changing it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.2)) as connection:
        return connection.execute(query, values).fetchall()


class SQLite:
    """A rollback journal with synchronous=EXTRA: what we reported is still there after a power cut."""

    def __init__(self, path: Path, folder: Path, warn: Callable[[str], None], patience: float = _PATIENCE) -> None:
        """Open a ledger; `folder` is the state folder, which remembers when its pages were checked."""
        self._path = path
        self._patience = patience
        self._checked = Checked(path, folder)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise LedgerError.at(path, str(error), "free the disk or the file, then run it again") from error
            aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
            path.rename(aside)
            # The damaged ledger's journal would be played back into the new one.
            for suffix in ("-journal", "-wal", "-shm"):
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
            warn(f"{path}: is damaged ({error}); it is kept as {aside.name}, and a new ledger begins")
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        if not self._path.exists():
            self._path.touch(mode=0o600)
        about = self._path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise LedgerError.at(self._path, "is not a file", "move it away, and a new ledger begins")
        if about.st_nlink > 1:
            # Its journal is named after one of its names: opened by another name, nothing would be rolled back.
            raise LedgerError.at(self._path, "has hard links", "copy it, and move the copy to its place")
        connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
        try:
            for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON", "trusted_schema=OFF"):
                connection.execute(f"PRAGMA {pragma}")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise LedgerError.at(self._path, "was written by a newer rollout", "upgrade this one")
            if missing := "\n".join(sql(name) for name in MIGRATIONS[version:]):
                end = f"PRAGMA user_version = {len(MIGRATIONS)};\nCOMMIT;"
                connection.executescript(f"BEGIN IMMEDIATE;\n{missing}\n{end}")
            connection.execute("SELECT count(*) FROM run, outcome, used_plan WHERE 0").fetchall()
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        """Raise sqlite3.DatabaseError if the pages do not belong together."""
        if self._checked.holds():
            return
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("its pages do not belong together")
        self._checked.passed()

    def rows(self, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._checked.doubted()
            raise LedgerError.at(self._path, str(error)) from error

    def execute(self, query: str, values: Mapping[str, Any]) -> None:
        self.rows(query, values)

    def close(self) -> None:
        self._connection.close()
        with contextlib.suppress(OSError):  # a person took the file away
            self._checked.left()

    @contextmanager
    def together(self) -> Iterator[None]:
        self.rows("BEGIN IMMEDIATE", {})
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self.rows("COMMIT", {})

    def held(self, key: str) -> bool:
        return False  # the lock file beside it tells

    @contextmanager
    def lock(self, key: str, wait: float) -> Iterator[None]:  # the lock file beside it serves one machine
        yield
