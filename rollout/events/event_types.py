"""The types of events: one list in one file, which the fold, the database and the documents read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.errors import UsageError
from rollout.events.queries import query

if TYPE_CHECKING:
    from rollout.events.database import Connection

FILE = Path(__file__).parent / "event_types.json"


@dataclass(frozen=True, slots=True)
class EventType:
    """A name that is logged, and the canonical name under which readers treat it."""

    name: str
    canonical: str
    when: str = ""
    example: Mapping[str, object] = field(default_factory=dict)
    standard: bool = False


@cache
def shipped_types() -> tuple[EventType, ...]:
    """Return the list of this version of the program: the ten standard types first."""
    return parse_types(json.loads(FILE.read_text()))


def parse_types(entries: Iterable[Mapping[str, object]]) -> tuple[EventType, ...]:
    """Read types as the file and the inventory write them: `name`, `when`, `example`, perhaps `canonical`."""
    return tuple(_parse(entry) for entry in entries)


def all_types(configured: Iterable[Mapping[str, object]] | None) -> tuple[EventType, ...]:
    """Return the shipped types with those of the inventory beside or, under the same name, over them."""
    known = {kind.name: kind for kind in shipped_types()}
    for kind in parse_types(configured or ()):
        shipped = known.get(kind.name)
        known[kind.name] = _merged(kind, shipped) if shipped else kind
    return tuple(known.values())


def canonical_names(types: Iterable[EventType]) -> dict[str, str]:
    """Return the canonical name of every known name."""
    return {kind.name: kind.canonical for kind in types}


def store_types(connection: Connection, types: Iterable[EventType]) -> int:
    """Write `types` to the table `event_types`; return how many rows that changed."""
    rows = [(t.name, t.canonical, t.when, json.dumps(t.example), t.standard) for t in types]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(query("event_types_store"), rows)
        return max(cursor.rowcount, 0)


def stored_names(connection: Connection) -> dict[str, str]:
    """Return the canonical name of every name that the database knows."""
    rows = connection.execute(query("event_types_names")).fetchall()
    return {str(name): str(canonical) for name, canonical in rows}


def _parse(entry: Mapping[str, object]) -> EventType:
    name, example = entry.get("name"), entry.get("example") or {}
    if not isinstance(name, str) or not name or len(name) > 64:
        raise UsageError(f"event type {str(name)[:80]!r}: a name has 1 to 64 characters")
    if not isinstance(example, Mapping):
        raise UsageError(f"event type {name!r}: its example is not a mapping")
    return EventType(
        name=name,
        canonical=str(entry.get("canonical") or name),
        when=str(entry.get("when") or ""),
        example=example,
        standard=bool(entry.get("standard")),
    )


def _merged(configured: EventType, shipped: EventType) -> EventType:
    own_name = configured.canonical == configured.name
    return EventType(
        name=shipped.name,
        canonical=shipped.canonical if own_name else configured.canonical,
        when=configured.when or shipped.when,
        example=configured.example or shipped.example,
        standard=configured.standard or shipped.standard,
    )
