"""What a report says about the event store."""

from __future__ import annotations

from msgspec import Struct


class KindOfEvent(Struct, frozen=True):
    name: str
    when: str
    example: str  # as JSON


class TableFacts(Struct, frozen=True):
    """A table: its columns and their types, and the rows of the day before a rollout and since it began."""

    name: str
    columns: tuple[tuple[str, str], ...]
    before: int | None = None
    since: int | None = None


class EventFacts(Struct, frozen=True):
    """The event store as its database shows it; without a database as this version of the program makes it."""

    kinds: tuple[KindOfEvent, ...]
    tables: tuple[TableFacts, ...] = ()
    tests: str = ""  # the report of the ten checks
    failed: tuple[str, ...] = ()  # the messages of the failed checks
    trouble: str = ""  # why the database could not be asked
