"""The clock, read in one place."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime


def now() -> str:
    """Return the time in UTC to the second, as 2026-02-03T15:20:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now_exact() -> str:
    """Return the time in UTC to the microsecond, for an order within a run."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def epoch() -> int:
    return int(time.time())


def new_id() -> str:
    """Return a new id that sorts by time: 20260203T152000Z-3f81ad."""
    return f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}-{os.urandom(3).hex()}"
