"""A waiting event as a line of the spool: the form that log-event.sh writes, too."""

from __future__ import annotations

import base64
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from uuid import uuid4

COLUMNS = 8
ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r", "\0": r"\\u0000"})


@dataclass(frozen=True, slots=True)
class SpoolRecord:
    """A waiting event: unchecked texts, which only the database judges. The fields are the columns, in order."""

    event_id: str
    instance_id: str
    event_type: str
    occurred_at: str
    event_data: str = "{}"
    metadata: str = "{}"
    parent_uuid: str = ""
    host: str = ""

    def line(self) -> bytes:
        """Return the line of COPY's text format."""
        return "\t".join(_column(getattr(self, field.name), field.name) for field in fields(self)).encode() + b"\n"


def record(instance: str, event_type: str, data: str = "{}", *, metadata: str = "{}", host: str = "") -> SpoolRecord:
    """Make a record of something that happens now."""
    return SpoolRecord(str(uuid4()), instance, event_type, datetime.now(UTC).isoformat(), data, metadata, "", host)


def _column(text: str, name: str) -> str:
    """Return one column's text; bytes that are not UTF-8 are kept in base64 and hold nothing up."""
    raw = _raw(text)
    try:
        raw.decode()
    except UnicodeDecodeError:
        kept = base64.b64encode(raw).decode()
        text = f'{{"_invalid_utf8":"{kept}"}}' if name in ("event_data", "metadata") else kept
    return text.translate(ESCAPES)


def _raw(text: str) -> bytes:
    """Return the bytes that a text stands for: those the system gave us, or half a surrogate as it is."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
