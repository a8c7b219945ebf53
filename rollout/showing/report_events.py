"""The report's sections about the event store: schema, types, test results, and where events went."""

from __future__ import annotations

from collections.abc import Iterator

from rollout.model.event_facts import EventFacts, KindOfEvent, TableFacts
from rollout.safety.shown import plain
from rollout.showing.colour import count

STORE = "event_store"


def sections(facts: EventFacts) -> Iterator[str]:
    """Yield the sections, each as a Markdown text."""
    if facts.tables:
        title = "Schema Comparison" if len(facts.tables) > 1 else "Schema"
        yield f"## {title}\n\n" + "\n\n".join(map(_table, facts.tables))
    if facts.kinds:
        yield "## Standard Event Types\n\n" + _kinds(facts.kinds)
    if facts.tests:
        yield f"## Test Results\n\n```text\n{facts.tests.strip()}\n```"
    if facts.trouble:
        yield f"## Test Results\n\n⏳ Not tested: {plain(facts.trouble)}"


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


def _table(table: TableFacts) -> str:
    age = "NEW - used by resume" if table.name == STORE else "OLD - not used by resume"
    widest = max(len(name) for name, _ in table.columns)
    columns = ",\n".join(f"  {name:<{widest}}  {kind}" for name, kind in table.columns)
    return f"### {table.name} ({age})\n\n```sql\nCREATE TABLE {table.name} (\n{columns}\n);\n```"


def _kinds(kinds: tuple[KindOfEvent, ...]) -> str:
    lines = ["| Event Type | When to Use | Example Data |", "|---|---|---|"]
    lines += [f"| `{_cell(kind.name)}` | {_cell(kind.when)} | `{_cell(kind.example)}` |" for kind in kinds]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return plain(text).replace("|", "\\|")
