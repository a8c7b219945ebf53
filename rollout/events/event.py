"""The values that travel between the store and the fold: an event and a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4

# Events without an instance are kept under this one.
UNASSIGNED = "unassigned-PS-000000"
# Payloads that are not JSON are kept as text under this key.
INVALID_JSON = "_invalid_json"


@dataclass(frozen=True, slots=True)
class Event:
    """One stored event; times are ISO texts in UTC, so their order as text is their order in time."""

    sequence_num: int
    event_type: str
    data: Mapping[str, object] = field(default_factory=dict)
    timestamp: str = ""
    seen: str = ""
    event_id: str = ""
    parent_uuid: str | None = None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append: unchecked texts, which only the database judges. Its id makes it one event."""

    instance: str
    event_type: str
    data: str = "{}"
    metadata: str = "{}"
    parent: str = ""
    event_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class RegisteredSession:
    """The row of a session in the registry."""

    project: str | None = None
    instance_type: str | None = None
    machine: str | None = None
    status: str | None = None
    heartbeat: str | None = None
    context_percent: int | None = None
    current_epic: str | None = None
    path: str | None = None
    agent_session_id: str | None = None
    transcript_path: str | None = None
    closed_at: str | None = None


def text_of(data: Mapping[str, object], *names: str) -> str | None:
    """Return the first of these fields that has a value: a non-empty text or an integer."""
    for name in names:
        value = data.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None
