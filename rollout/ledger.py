"""The rollout status table: runs and outcomes in SQLite or PostgreSQL. Nothing here is needed for safety."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import replace

from rollout import addresses, clock
from rollout.errors import Busy, Refused, RolloutError
from rollout.model import LastOutcome, Outcome, PastRun, Run, Verdict, WrittenPath

_MIGRATIONS = ("001_ledger.sql", "002_order.sql")
_SQLITE_PATIENCE = 10.0  # seconds to wait for another process that writes


class LedgerError(RolloutError):
    """The ledger cannot be read or written; without it nothing is changed."""


class _Database(Protocol):
    def rows(self, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...
    def execute(self, query: str, values: Mapping[str, Any]) -> None: ...
    def close(self) -> None: ...
    def lock(self, key: str, wait: float) -> AbstractContextManager[None]: ...
    def together(self) -> AbstractContextManager[None]: ...
    def held(self, key: str) -> bool: ...


def _sql(name: str) -> str:
    found = pkgutil.get_data("rollout", f"sql/{name}")
    assert found is not None
    return found.decode()


@cache
def _queries() -> dict[str, str]:
    text = _sql("queries.sql")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip().rstrip(";") for part in parts[2::2]), strict=True))


class Ledger:
    """The recorded runs of one inventory."""

    def __init__(self, database: _Database, scope: str) -> None:
        self._database = database
        self._scope = scope

    def start(self, run: Run, host: str, *, used: bool = False) -> None:
        """Write down that a run begins, before it has any effect; `used` says that it uses up its plan file."""
        if used:
            self.check_unused(run.plan, run.digest)
        with self._database.together():
            self._start(run, host)
            if used:
                self._do("use_plan", plan=run.plan, digest=run.digest, run=run.id, used_at=clock.now())

    def _start(self, run: Run, host: str) -> None:
        self._do(
            "start_run",
            run=run.id,
            command=run.command,
            subject=run.subject,
            started_at=run.started_at,
            plan=run.plan,
            digest=run.digest,
            host=host,
        )

    def finish(self, run: Run, exit_code: int) -> None:
        self._do("finish_run", run=run.id, finished_at=clock.now_exact(), exit_code=exit_code)

    def record(self, run: Run, outcome: Outcome) -> None:
        paths = [[p.path, p.action, p.before, p.after] for p in outcome.paths]
        self._do(
            "record_outcome",
            run=run.id,
            target=outcome.target,
            kind=outcome.kind,
            branch=outcome.branch,
            outcome=outcome.verdict.value,
            reason="; ".join(filter(None, (outcome.reason, *outcome.notes))),
            base=outcome.base,
            commit_id=outcome.commit,
            paths=json.dumps(paths),
            duration_ms=outcome.duration_ms,
            recorded_at=clock.now_exact(),
        )

    def record_all(self, run: Run, outcomes: Iterable[Outcome]) -> None:
        """Record many outcomes at once: one transaction, whatever their number."""
        with self._database.together():
            for outcome in outcomes:
                self.record(run, outcome)

    def check_unused(self, plan: str, digest: str) -> None:
        """Raise Refused when a plan file was used before."""
        used = self._ask("plan_use", plan=plan, digest=digest)
        if used:
            raise Refused(
                f"this plan was used already, by run {used[0][1]} at {used[0][2]}; make a new one: rollout plan --out"
            )

    def runs(self, most: int = 100) -> list[PastRun]:
        found = [PastRun(*row) for row in self._ask("runs", most=most)]
        return [self._with_outcomes(run) for run in found]

    def run(self, name: str) -> PastRun:
        """Return the run whose id begins with `name`; raise RolloutError for none or several."""
        found = (
            [PastRun(*row) for row in self._ask("one_run", run=name.replace("%", "").replace("_", ""))] if name else []
        )
        exact = [run for run in found if run.run == name] or found
        if len(exact) != 1:
            what = "no run" if not exact else f"{len(exact)} runs"
            raise RolloutError(f"{what} with an id that begins with {name!r}; `rollout history` lists them")
        return self._with_outcomes(exact[0])

    def _with_outcomes(self, run: PastRun) -> PastRun:
        outcomes = tuple(_read_outcome(row, run.run) for row in self._ask("outcomes", run=run.run))
        return replace(run, outcomes=outcomes)

    def last_outcomes(self) -> dict[str, LastOutcome]:
        """Return the last outcome of every target, with when it was last changed by us."""
        applied = {row[0]: (row[1], row[2]) for row in self._ask("last_applied")}
        return {
            row[0]: LastOutcome(row[1], row[2], row[4], row[5], row[6], *applied.get(row[0], (None, "")))
            for row in self._ask("status")
        }

    def last_writer(self, target: str, path: str) -> tuple[str, str | None] | None:
        """Return (run, commit) of the last run that wrote a path of a target."""
        for run, _, commit, _, paths in self._ask("writers", target=target):
            if any(written[0] == path for written in json.loads(paths)):
                return run, commit
        return None

    def lock(self, wait: float = 0.0) -> AbstractContextManager[None]:
        """Keep other machines that share this ledger from running at once; raise Busy when one does after `wait`."""
        return self._database.lock(self._scope, wait)

    def held(self) -> bool:
        """Tell whether a run on some machine that shares this ledger is at work, as far as the ledger knows."""
        return self._database.held(self._scope)

    def _ask(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._database.rows(_queries()[name], {"scope": self._scope, **values})

    def _do(self, name: str, **values: Any) -> None:
        self._database.execute(_queries()[name], {"scope": self._scope, **values})


def _read_outcome(row: tuple[Any, ...], run: str) -> Outcome:
    try:
        return Outcome(
            target=row[0],
            verdict=Verdict(row[1]),
            reason=row[2],
            base=row[3],
            commit=row[4],
            duration_ms=row[5],
            kind=row[6],
            branch=row[7],
            paths=tuple(WrittenPath(*path) for path in json.loads(row[8])),
        )
    except (ValueError, TypeError) as error:
        raise LedgerError(
            f"the ledger's row of {row[0]} in run {run} cannot be read ({error}); "
            "move the ledger away to begin a new one"
        ) from error


@contextmanager
def opened(url: str | None, folder: Path, inventory: Path, warn: Any) -> Iterator[Ledger]:
    """Open the ledger an inventory names, or the one in the state folder; raise LedgerError if it cannot be."""
    if url is not None and url.startswith(("postgresql://", "postgres://")):
        database: _Database = _PostgreSQL(url)
        scope = ""
    else:
        path = (
            folder / "ledger.db" if url is None else (inventory.parent / Path(url.removeprefix("sqlite://"))).absolute()
        )
        database = _SQLite(path, warn)
        scope = str(inventory.resolve()) if url is None else ""
    with closing(database):
        yield Ledger(database, scope)


class _SQLite:
    """A rollback journal with synchronous=EXTRA: after a power cut what was told is there (docs/safety.md)."""

    def __init__(self, path: Path, warn: Any) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise LedgerError(f"{path}: {error}; free the disk or the file, then run it again") from error
            aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
            path.rename(aside)
            # A journal of the damaged one would be played back into the new one.
            for suffix in ("-journal", "-wal", "-shm"):
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
            warn(f"{path}: is damaged ({error}); it is kept as {aside.name}, and a new ledger begins")
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        if not self._path.exists():
            self._path.touch(mode=0o600)
        about = self._path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise LedgerError(f"{self._path}: is not a file; move it away, and a new ledger begins")
        if about.st_nlink > 1:
            # Its journal has one of its names: whoever opens it by another does not find what is to be undone.
            raise LedgerError(f"{self._path}: has hard links; copy it, and move the copy to its place")
        connection = sqlite3.connect(self._path, timeout=_SQLITE_PATIENCE, isolation_level=None)
        try:
            for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON", "trusted_schema=OFF"):
                connection.execute(f"PRAGMA {pragma}")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(_MIGRATIONS):
                raise LedgerError(f"{self._path}: was written by a newer rollout; upgrade this one")
            for number, name in enumerate(_MIGRATIONS[version:], version + 1):
                script = _sql(name)
                connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
            connection.execute("SELECT count(*) FROM run, outcome, used_plan WHERE 0").fetchall()
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("its pages do not fit together")
        except BaseException:
            connection.close()
            raise
        return connection

    def rows(self, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(f"{self._path}: {error}") from error

    def execute(self, query: str, values: Mapping[str, Any]) -> None:
        self.rows(query, values)

    def close(self) -> None:
        self._connection.close()

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


# A server that is gone without a word is noticed: when connecting, and while an answer is waited for.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def _our_name() -> str:
    """Return what other runs read about us while we hold the lock; PostgreSQL keeps 63 bytes of it."""
    return f"rollout pid {os.getpid()} on {os.uname().nodename}"[:63]


def _check_address(url: str) -> None:
    """Raise LedgerError for an address out of which a part of a password would be read as a host or a port."""
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


class _PostgreSQL:
    def __init__(self, url: str) -> None:
        import psycopg

        _check_address(url)
        self._shown = addresses.redact(url)
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
            if version > len(_MIGRATIONS):
                raise LedgerError(f"the ledger {self._shown} was written by a newer rollout; upgrade this one")
            for number, name in enumerate(_MIGRATIONS[version:], version + 1):
                script = _sql(name)
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
    return addresses.redact(" ".join(str(error).split()))[:300]
