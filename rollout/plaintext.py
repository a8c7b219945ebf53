"""Text from elsewhere, made safe to show."""

from __future__ import annotations

from datetime import UTC, datetime


def plain(text: str) -> str:
    """Show control characters instead of obeying them: what servers and files say may not steer a terminal."""
    return "".join(c if c == "\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def moment(epoch: float) -> str:
    """Return a time in seconds since the epoch as 2026-02-03T15:20:00Z."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
