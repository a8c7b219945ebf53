"""The SQL files of the event store, by name."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"


@cache
def query(name: str) -> bytes:
    """Return the text of `sql/NAME.sql`; bytes, because that is what psycopg takes for a fixed statement."""
    return (FOLDER / f"{name}.sql").read_bytes()


def folder(name: str) -> tuple[Path, ...]:
    """Return the SQL files of `sql/NAME/` in the order of their numbers."""
    return tuple(sorted((FOLDER / name).glob("*.sql")))
