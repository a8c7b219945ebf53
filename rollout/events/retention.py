"""Delete old sessions as a whole; everything else stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rollout.errors import UsageError
from rollout.events.queries import query

if TYPE_CHECKING:
    from rollout.events.database import Connection

AGE = re.compile(r"(?P<count>\d{1,6})\s*(?P<unit>h|hours?|d|days?|w|weeks?|y|years?)", re.IGNORECASE)
HOURS = {"h": 1, "d": 24, "w": 24 * 7, "y": 24 * 365}


def horizon(text: str, now: datetime) -> datetime:
    """Return the moment before which a session is old: an age (`90d`) or a date (`2026-01-31`)."""
    if age := AGE.fullmatch(text.strip()):
        hours = int(age["count"]) * HOURS[age["unit"][0].lower()]
        try:
            return now - timedelta(hours=hours)
        except OverflowError:
            raise UsageError(f"--older-than {text}: no session is that old") from None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"--older-than {text!r} is neither an age like 90d nor a date like 2026-01-31") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > now:
        raise UsageError(f"--older-than {text} lies in the future: every session would be deleted")
    return moment


def purge(connection: Connection, older_than: datetime, instance: str | None = None) -> Iterator[tuple[str, int]]:
    """Delete the sessions that ended before the horizon, each in its own transaction; yield how many events each had.

    A session whose events are referenced by rows of another table has to stay; it is yielded with 0 events.
    """
    from psycopg.errors import ForeignKeyViolation

    # One instance at a time: thousands of instance locks in one transaction exhaust the server's lock table.
    found = connection.execute(query("purge_candidates"), {"older_than": older_than, "instance": instance})
    for (name,) in found.fetchall():
        try:
            row = connection.execute(query("purge_instance"), (name, older_than)).fetchone()
        except ForeignKeyViolation:
            yield str(name), 0
            continue
        if row and row[0]:
            yield str(name), int(str(row[0]))
