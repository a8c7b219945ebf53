"""Text from elsewhere, made safe to show."""

from __future__ import annotations

from datetime import UTC, datetime


def plain(text: str) -> str:
    """Show control characters instead of obeying them: what servers and files say may not steer a terminal."""
    return "".join(c if c == "\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_LONG = 60 * 86_400  # seconds after which a date says more


def ago(then: str, now: str) -> str:
    """Return how long before `now` something was, both as 2026-02-03T15:20:00Z; a date for what is long ago."""
    seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds()
    if not -60 < seconds < _LONG:
        return then[:10]
    for size, unit in _UNITS:
        number = int(seconds // size)
        if number > 0:
            return f"{number} {unit}{'s' * (number > 1)} ago"
    return "just now"


def moment(epoch: float) -> str:
    """Return a time in seconds since the epoch as 2026-02-03T15:20:00Z."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
