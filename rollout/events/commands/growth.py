"""`rollout events growth`."""

import json
from collections.abc import Iterator

import click

from rollout.events.growth import Growth
from rollout.events.settings import database_option, event_store, json_option

UNITS = ("B", "kB", "MB", "GB", "TB")


@click.command()
@click.option("--days", type=click.IntRange(1, 36_500), default=30, show_default=True, help="How far back to look.")
@json_option("Print the numbers as JSON.")
@database_option
def growth(days: int, as_json: bool) -> None:
    """Show rows, bytes, events per day and per type, and an estimate for a year.

    \b
    Examples:
      rollout events growth --days 7
    """
    from rollout.events.growth import read_growth

    with event_store() as connection:
        numbers = read_growth(connection, days)
    click.echo(_as_json(numbers) if as_json else "\n".join(_as_text(numbers)))


def _as_text(numbers: Growth) -> Iterator[str]:
    yield f"rows      {numbers.rows:>12,}  in {numbers.sessions:,} sessions"
    yield f"table     {_bytes(numbers.table_bytes):>12}"
    yield f"indexes   {_bytes(numbers.index_bytes):>12}"
    yield f"per row   {_bytes(numbers.bytes_per_row):>12}"
    yield f"rejects   {numbers.rejects:>12,}"
    yield from ("", f"per day, last {numbers.window} days (UTC)")
    yield from (f"  {day}  {count:>10,}" for day, count in numbers.days.items())
    yield f"  mean        {numbers.rows_per_day:>10,.0f}"
    yield from ("", "per type")
    for kind in numbers.kinds:
        yield f"  {kind.name:<24} {kind.count:>10,}{'' if kind.known else '  not understood'}"
    yield from ("", "newest sessions, their events, their last")
    yield from (f"  {a.instance:<32} {a.events:>8,}  {a.last[:19]}Z" for a in numbers.active)
    yield from ("", f"estimate: {_bytes(numbers.bytes_in_a_year)} in a year, at this rate")


def _as_json(numbers: Growth) -> str:
    document = {
        "format": "rollout-events-growth/1",
        "rows": numbers.rows,
        "table_bytes": numbers.table_bytes,
        "index_bytes": numbers.index_bytes,
        "bytes": numbers.bytes,
        "sessions": numbers.sessions,
        "rejects": numbers.rejects,
        "per_day": numbers.days,
        "per_type": {kind.name: kind.count for kind in numbers.kinds},
        "not_understood": [kind.name for kind in numbers.kinds if not kind.known],
        "newest_sessions": [
            {"instance_id": a.instance, "events": a.events, "last_event": a.last} for a in numbers.active
        ],
        "estimate": {"rows_per_day": numbers.rows_per_day, "bytes_in_a_year": numbers.bytes_in_a_year},
    }
    return json.dumps(document, indent=2)


def _bytes(count: float) -> str:
    for unit in UNITS[:-1]:
        if count < 1024:
            return f"{count:,.0f} {unit}"
        count /= 1024
    return f"{count:,.1f} {UNITS[-1]}"
