"""The report's sections about the event store: schema, types, test results, and where events went."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from rollout.model.event_facts import EventFacts, KindOfEvent, TableFacts
from rollout.safety.shown import plain
from rollout.showing.colour import count
from rollout.showing.passages import CodeLines, Passage, TableRows

STORE = "event_store"


def sections(facts: EventFacts) -> Iterator[list[Passage]]:
    """Yield the sections."""
    if facts.tables:
        title = "Schema Comparison" if len(facts.tables) > 1 else "Schema"
        yield [f"## {title}", *chain.from_iterable(map(_table, facts.tables))]
    if facts.kinds:
        yield ["## Standard Event Types", _kinds(facts.kinds)]
    if facts.tests:
        yield ["## Test Results", CodeLines("text", facts.tests.strip())]
    if facts.trouble:
        yield ["## Test Results", f"⏳ Not tested: {plain(facts.trouble)}"]


def before(facts: EventFacts) -> Iterator[str]:
    """Yield a line for each table that was counted, about the day before the rollout."""
    for table in facts.tables:
        if table.before is not None:
            good = (table.before > 0) is (table.name == STORE)
            yield f"- {_tick(good)} `{table.name}`: {count(table.before, 'row')} in the 24 hours before"


def after(facts: EventFacts) -> Iterator[str]:
    """Yield a line for each counted table, about the time since then; an empty store is not a fault yet."""
    for table in facts.tables:
        if table.since is not None:
            waits = table.name == STORE and table.since == 0
            good = table.name == STORE or table.since == 0
            yield f"- {'⏳' if waits else _tick(good)} `{table.name}`: {count(table.since, 'row')} since"


def _tick(good: bool) -> str:
    return "✅" if good else "❌"


def _table(table: TableFacts) -> tuple[Passage, ...]:
    age = "NEW - used by resume" if table.name == STORE else "OLD - not used by resume"
    widest = max(len(name) for name, _ in table.columns)
    columns = ",\n".join(f"  {name:<{widest}}  {kind}" for name, kind in table.columns)
    return f"### {table.name} ({age})", CodeLines("sql", f"CREATE TABLE {table.name} (\n{columns}\n);")


def _kinds(kinds: tuple[KindOfEvent, ...]) -> TableRows:
    rows = ((f"`{plain(kind.name)}`", plain(kind.when), f"`{plain(kind.example)}`") for kind in kinds)
    return TableRows(("Event Type", "When to Use", "Example Data"), tuple(rows))
