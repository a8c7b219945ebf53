"""A connection to the event store, and every way in which it can fail said in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from rollout.errors import Busy, Refused, RolloutError, UsageError

if TYPE_CHECKING:
    import psycopg

    Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

OLDEST_SERVER = 13
CONNECT_SECONDS = 10
URL_SHAPE = "postgresql://USER@HOST:PORT/DATABASE"
# Migrations and functions raise these themselves, in the user's words.
OURS = "RO"
DOES_NOT_FIT = "RO002"


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Connect for the length of a `with`; each statement is its own transaction unless one is opened."""
    import psycopg

    options = read_url(url)
    place = describe(options)
    try:
        connection = psycopg.connect(
            **options,  # type: ignore[arg-type]  # libpq reads text
            autocommit=True,
            # A pooler between us and the server may give each statement another server process.
            prepare_threshold=None,
        )
    except psycopg.Error as error:
        reason = _without_secret(_first_sentence(error), options.get("password"))
        raise RolloutError(f"cannot connect to the event store at {place}: {reason}") from None
    with connection:
        check_server(connection.info.server_version, place)
        try:
            yield connection
        except psycopg.Error as error:
            raise in_the_users_words(error, place) from error


def read_url(url: str) -> dict[str, str]:
    """Return libpq's options for a URL; what cannot be read is never repeated, it may hold a password."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        options = conninfo_to_dict(url)
    except psycopg.Error:
        raise UsageError(f"the database URL cannot be read; it looks like {URL_SHAPE}") from None
    read = {name: str(value) for name, value in options.items() if value is not None}
    if _holds_a_part_of_a_password(url, read):
        raise UsageError(
            f"the database URL cannot be read; it looks like {URL_SHAPE}, and @ / : ? in a name or a password "
            "are written %40 %2F %3A %3F"
        )
    return {"connect_timeout": str(CONNECT_SECONDS), "application_name": "rollout"} | read


def _holds_a_part_of_a_password(url: str, options: dict[str, str]) -> bool:
    """Tell whether libpq took what follows an unescaped @ or / in a password for a host, a port or a database."""
    # A host that begins with @ is a socket without a file; any other @ can only be there in its escaped form.
    names = (options.get("host", "")[1:], options.get("dbname", ""))
    unescaped = "://" in url and any("@" in name and name in url for name in names)
    return unescaped or not all(port.isdecimal() for port in options.get("port", "").split(",") if port)


def describe(options: dict[str, str]) -> str:
    """Name a database without its secrets."""
    return f"{address(options)}/{options.get('dbname') or options.get('user', '')}"


def address(options: dict[str, str]) -> str:
    """Name a server."""
    host = options.get("host") or options.get("hostaddr") or "localhost"
    return f"{host}:{options.get('port', '5432')}"


def check_server(version: int, place: str) -> None:
    """Refuse a server that is too old for what the functions use."""
    if version < OLDEST_SERVER * 10000:
        raise RolloutError(
            f"{place} runs PostgreSQL {version // 10000}; the event store needs {OLDEST_SERVER} or newer"
        )


def in_the_users_words(error: psycopg.Error, place: str) -> RolloutError:
    """Return what to show for a database error that is the user's to mend."""
    from psycopg import errors

    said = _first_sentence(error)
    match error:
        case errors.UndefinedTable() | errors.UndefinedFunction() | errors.UndefinedColumn():
            return RolloutError(f"{place} has no complete event store ({said}); run: rollout events migrate")
        case errors.InsufficientPrivilege():
            return RolloutError(f"{place}: {said}; ask the owner of the database to grant it")
        case errors.DeadlockDetected() | errors.SerializationFailure():
            return Busy(f"{place}: another transaction got there first; try again")
        case errors.LockNotAvailable():
            return Busy(f"{place}: another transaction has held a lock for too long; try again later")
        case _ if error.sqlstate == DOES_NOT_FIT:
            return UsageError(f"{said}: {error.diag.message_hint}")
        case _ if (error.sqlstate or "").startswith(OURS):
            hint = error.diag.message_hint
            return Refused(f"{place}: {said}" + (f"; {hint}" if hint else ""))
        case _:
            return RolloutError(f"{place}: {said}")


def _first_sentence(error: psycopg.Error) -> str:
    if error.diag.message_primary:
        return re.sub(r"\s+", " ", error.diag.message_primary)
    # libpq lists every address that it tried, each with its own reason; the last attempt's reason says enough.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    said = next((line for line in reversed(lines) if " failed: " in line), lines[0])
    return re.sub(r"\s+", " ", said.rpartition(" failed: ")[2].removeprefix("FATAL:")).strip()


def _without_secret(text: str, password: str | None) -> str:
    return text.replace(password, "***") if password else text
