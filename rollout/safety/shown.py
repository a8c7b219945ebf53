"""Text from elsewhere, made safe to show."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# Up to the last @ before a slash: no part of a password with an @ in it is shown.
_SECRET_URL = re.compile(r"([a-z][a-z0-9+.-]{0,31}://)([^/\s\"'<>]*)@", re.IGNORECASE)
_SECRET_WORD = re.compile(r"([?&;](?:password|passwd|sslpassword|token|[a-z]+_token)=)[^&;\s\"'<>]+", re.IGNORECASE)


def redact(text: str) -> str:
    """Replace user names and passwords in all addresses in a text."""
    text = _SECRET_WORD.sub(r"\1***", text)
    return _SECRET_URL.sub(lambda m: m[1] + ("***@" if ":" in m[2] or m[1].startswith("http") else m[2] + "@"), text)


# What controls a terminal or changes the order of its text; our own colours are allowed.
_STEERING = re.compile("(\x1b\\[(?:0|1|2|3[1-6])m)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Show what others wrote into a text, including file names and messages, instead of obeying it."""
    return _STEERING.sub(lambda found: found[1] or f"\\x{ord(found[0]):02x}", text)


def json_text(text: str) -> str:
    """Escape in JSON what JSON itself would not escape."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(text: str) -> str:
    """Show control characters instead of obeying them: the words of servers and files must not control a terminal."""
    return "".join(c if c == "\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


_LONG = 60 * 86_400  # seconds after which a date says more


def ago(then: str, now: str) -> str:
    """Return how long before `now` something was, both as 2026-02-03T15:20:00Z; a date for what is long ago."""
    seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds()
    if not -60 < seconds < _LONG:
        return then[:10]
    return age(seconds)


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def age(seconds: float) -> str:
    """Return how long ago something was; `events resume` says it in the same words."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size):,} {unit} ago"
    return "just now"


def moment(epoch: float) -> str:
    """Return a time in seconds since the epoch as 2026-02-03T15:20:00Z."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
