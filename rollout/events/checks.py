"""The ten checks of an event store: each is a query that returns what is wrong."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from rollout.events import store
from rollout.events.event import NewEvent
from rollout.events.event_types import EventType, shipped_types
from rollout.events.queries import folder, query

if TYPE_CHECKING:
    from rollout.events.database import Connection

# What a session logs in an ordinary hour; each of these is one of the standard types.
LOGGED = ("user_message", "assistant_start", "spawn", "epic_start", "commit", "deploy", "epic_completed")
HEADER = re.compile(r"-- (?P<sentence>.*)\n-- Test (?P<number>\d+): (?P<title>.*)\n")

CONNECTIVITY, INSERT, CLEANUP = 1, 4, 10
# Without these, a later check could only repeat what is wrong already.
NEEDS = {2: (1,), 3: (2,), 4: (3,), 5: (4,), 6: (5,), 7: (5,), 8: (5,), 9: (5, 6, 7, 8), 10: (4,)}


class CheckState(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """One file: its number and title, its sentence when nothing is wrong, and its query."""

    number: int
    title: str
    sentence: str
    sql: bytes


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """How one check ended, and what it says."""

    check: StoreCheck
    state: CheckState
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scratch:
    """An instance of one's own, and the events that it logs."""

    instance: str
    ids: tuple[UUID, ...]
    kinds: tuple[EventType, ...] = field(repr=False)

    @property
    def parameters(self) -> dict[str, object]:
        return {
            "instance": self.instance,
            "ids": list(self.ids),
            "types": [kind.name for kind in self.kinds],
            "data": [json.dumps(kind.example) for kind in self.kinds],
        }


def all_checks() -> tuple[StoreCheck, ...]:
    """Return the checks in their order."""
    return tuple(_read(path) for path in folder("checks"))


def scratch() -> Scratch:
    """Return a session that nobody else has."""
    by_name = {kind.name: kind for kind in shipped_types()}
    return Scratch(
        instance=f"rollout-verify-PS-{secrets.token_hex(3)}",
        ids=tuple(uuid4() for _ in LOGGED),
        kinds=tuple(by_name[name] for name in LOGGED),
    )


def run_checks(connection: Connection, session: Scratch) -> tuple[CheckFinding, ...]:
    """Run every check; whatever they write is rolled back, so nothing is left however this ends."""
    findings: dict[int, CheckFinding] = {}
    with _rolled_back(connection):
        for check in all_checks():
            findings[check.number] = _run(connection, check, session, findings)
    return tuple(findings.values())


def unreachable(reason: str) -> tuple[CheckFinding, ...]:
    """Return the findings when there is no connection at all."""
    first, *others = all_checks()
    skipped = (CheckFinding(check, CheckState.SKIPPED, ("needs test 1",)) for check in others)
    return (CheckFinding(first, CheckState.FAILED, (reason,)), *skipped)


def _run(connection: Connection, check: StoreCheck, session: Scratch, before: dict[int, CheckFinding]) -> CheckFinding:
    import psycopg

    for needed in NEEDS.get(check.number, ()):
        if before[needed].state is not CheckState.PASSED:
            return CheckFinding(check, CheckState.SKIPPED, (f"needs test {needed}",))
    try:
        with connection.transaction():
            ACTS.get(check.number, _nothing)(connection, session)
            rows = connection.execute(check.sql, session.parameters).fetchall()
    except psycopg.Error as error:
        return CheckFinding(check, CheckState.FAILED, (error.diag.message_primary or str(error),))
    wrong = tuple(str(row[0]) for row in rows)
    if wrong:
        return CheckFinding(check, CheckState.FAILED, wrong)
    return CheckFinding(check, CheckState.PASSED, (check.sentence.format(count=len(LOGGED)),))


def _insert(connection: Connection, session: Scratch) -> None:
    for event_id, kind in zip(session.ids, session.kinds, strict=True):
        # An event that gets lost is for the next check to count.
        with suppress(store.SwallowedEvent):
            event = NewEvent(session.instance, kind.name, json.dumps(kind.example), event_id=event_id)
            store.append(connection, event)


def _purge(connection: Connection, session: Scratch) -> None:
    connection.execute(query("purge_instance_now"), (session.instance,))


def _nothing(connection: Connection, session: Scratch) -> None:
    """Most checks only look."""


ACTS: dict[int, Callable[[Connection, Scratch], None]] = {INSERT: _insert, CLEANUP: _purge}


@contextmanager
def _rolled_back(connection: Connection) -> Iterator[None]:
    import psycopg

    with connection.transaction():
        yield
        raise psycopg.Rollback


def _read(path: Path) -> StoreCheck:
    text = path.read_text()
    header = HEADER.match(text)
    assert header, f"{path.name} does not begin with its sentence and its title"
    return StoreCheck(int(header["number"]), header["title"], header["sentence"], text.encode())
