"""Numbered changes of the schema: forward only, each once, and never altered after the fact."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.errors import Refused, RolloutError
from rollout.events.queries import folder, query

if TYPE_CHECKING:
    from rollout.events.database import Connection


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name says when, its digest says what."""

    name: str
    sql: bytes

    @property
    def digest(self) -> str:
        """The digest of the text, whatever line ends a checkout gave it."""
        return hashlib.sha256(self.sql.replace(b"\r\n", b"\n")).hexdigest()


def shipped() -> tuple[Migration, ...]:
    """Return the migrations of this version of the program, oldest first."""
    return tuple(Migration(path.stem, path.read_bytes()) for path in folder("migrations"))


def pending(known: Sequence[Migration], applied: Mapping[str, str]) -> tuple[Migration, ...]:
    """Decide what is left to do; refuse a history that is not a beginning of ours."""
    names = {migration.name for migration in known}
    if foreign := sorted(applied.keys() - names):
        raise Refused(
            f"the database has migrations that this program does not know ({', '.join(foreign)}); "
            "it was migrated by a newer rollout: upgrade this one"
        )
    for migration in known:
        if migration.name in applied and applied[migration.name] != migration.digest:
            raise Refused(
                f"migration {migration.name} was altered after it had been applied; "
                "restore the file and put the change into a new migration"
            )
    return tuple(migration for migration in known if migration.name not in applied)


def migrate(connection: Connection, known: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Bring the schema up to date in one transaction and return the names of what was applied."""
    with connection.transaction():
        _prepare(connection)
        todo = pending(shipped() if known is None else known, _applied(connection))
        for migration in todo:
            connection.execute(migration.sql)
            connection.execute(query("migrations_record"), (migration.name, migration.digest))
    return tuple(migration.name for migration in todo)


def _prepare(connection: Connection) -> None:
    row = connection.execute("SELECT current_schema()").fetchone()
    if row is None or row[0] is None:
        raise RolloutError("the search_path of this database names no schema that exists; create one first")
    connection.execute(query("migrations_prepare"))
    connection.execute(query("migrations_table"))


def _applied(connection: Connection) -> dict[str, str]:
    rows = connection.execute(query("migrations_applied")).fetchall()
    return {str(name): str(digest) for name, digest in rows}
