"""What a report needs to know about the event store: its types, and what the database shows if one is configured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rollout.cli import proving
from rollout.cli.session import Session
from rollout.errors import RolloutError
from rollout.fleet.prove import configured_types
from rollout.model.event_facts import EventFacts, KindOfEvent, TableFacts

if TYPE_CHECKING:
    from rollout.events.event_types import EventType


def event_facts(at: Session, since: str) -> EventFacts | None:
    """Return the facts; nothing for an inventory that has neither event types nor a database."""
    from rollout.events.event_types import parse_types, shipped_types
    from rollout.events.traffic import shipped_columns

    configured, url = configured_types(at.loaded.inventory.targets), proving.database(at)
    if configured is None and url is None:
        return None
    standard = [kind for kind in shipped_types() if kind.standard]
    facts = EventFacts(tuple(map(_kind, standard if configured is None else parse_types(configured))))
    if url is None:
        return replace(facts, tables=(TableFacts("event_store", tuple(shipped_columns().items())),))
    try:
        proving.reach(at, url, proving.PATIENCE)
        return _with_database(facts, url, since)
    except RolloutError as error:
        return replace(facts, trouble=str(error))


def _kind(kind: EventType) -> KindOfEvent:
    return KindOfEvent(kind.name, kind.when, json.dumps(kind.example, ensure_ascii=False, separators=(",", ":")))


def _with_database(facts: EventFacts, url: str, since: str) -> EventFacts:
    """Add what the database shows; the checks leave nothing in it."""
    from rollout.events.patience import within

    found = list[EventFacts]()
    within(proving.LONG_PATIENCE, lambda: found.append(_shown(facts, url, since)))
    return found[0]


def _shown(facts: EventFacts, url: str, since: str) -> EventFacts:
    from rollout.events import check_report, checks, traffic
    from rollout.events.database import address, connected, read_url

    with connected(url) as connection:
        tables = traffic.read_traffic(connection, since)
        findings = checks.run_checks(connection, checks.scratch())
    known = tuple(TableFacts(t.table, tuple(t.columns.items()), t.before, t.since) for t in tables)
    tests = check_report.as_text(findings, address(read_url(url)))
    return replace(facts, tables=known, tests=tests, failed=check_report.failures(findings))
