"""End a session that cannot be alive any more, and mark the end as inferred."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.errors import UsageError
from rollout.events.queries import query

if TYPE_CHECKING:
    from rollout.events.database import Connection

STALE_AFTER = "2h"
PATIENCE = re.compile(r"(?P<count>[1-9]\d{0,4})(?P<unit>[mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class LastSign:
    """Signs of life of an active session: when it was heard last, and the process it began in."""

    heard: datetime
    pid: int | None = None
    began: str | None = None
    space: str | None = None  # the boot and the container that the number belongs to


def patience(text: str | None) -> timedelta:
    """Read `events.stale_after`."""
    found = PATIENCE.fullmatch(text or STALE_AFTER)
    if not found:
        raise UsageError(f"events.stale_after: {text!r} is not a duration such as 90m or 2h")
    return timedelta(**{UNITS[found["unit"]]: int(found["count"])})


def end_if_over(connection: Connection, instance: str, stale_after: timedelta, now: datetime) -> str | None:
    """End a session that cannot be alive any more; return why, or None if it may be alive or cannot be written to."""
    import psycopg

    sign = _last_sign(connection, instance)
    reason = why_over(sign, now, stale_after, process_space()) if sign else None
    if reason is None:
        return None
    try:
        connection.execute(query("end_inferred"), (instance, reason))
    except psycopg.errors.InsufficientPrivilege:
        return None
    return reason


def why_over(sign: LastSign, now: datetime, stale_after: timedelta, here: str | None) -> str | None:
    """Say why a session must have ended: on this machine its process tells, elsewhere only how long it was silent."""
    if here is not None and sign.space == here and sign.pid is not None:
        return None if _lives(sign.pid, sign.began) else f"process {sign.pid} is gone"
    silent = now - sign.heard
    return f"nothing was heard for {silent.total_seconds() / 3600:.1f} hours" if silent > stale_after else None


def process_space() -> str | None:
    """Return what distinguishes this boot and this container from others; None if the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def _lives(pid: int, began: str | None) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return False
    return fields[0] != "Z" and (began is None or fields[19] == began)


def _last_sign(connection: Connection, instance: str) -> LastSign | None:
    row = connection.execute(query("last_sign"), (instance,)).fetchone()
    if row is None:
        return None
    heard, pid, began, space = row
    assert isinstance(heard, datetime), "the query returns a time"
    return LastSign(heard, int(str(pid)) if pid else None, str(began) if began else None, str(space) if space else None)
