"""`rollout events backfill`."""

import json
from collections.abc import Sequence

import click

from rollout.events.backfill import Count, agree
from rollout.events.settings import database_option, event_store, json_option

DIFFERENT = 2


@click.command()
@click.option("--table", default="command_log", show_default=True, help="The old table.")
@click.option("--timezone", metavar="ZONE", help="The zone of its times, when its column has none: UTC, ...")
@json_option("Print the counts as JSON.")
@database_option
@click.pass_context
def backfill(ctx: click.Context, table: str, timezone: str | None, as_json: bool) -> None:
    """Carry the old command_log over into the event store; nothing is deleted.

    It can run again at any time, also while old clients still write. It ends with the counts of rows and
    events per instance, and with exit code 2 when they do not agree.

    \b
    Examples:
      rollout events backfill --timezone UTC
    """
    from rollout.events import backfill as old_table

    with event_store() as connection:
        shape = old_table.read_shape(connection, table)
        if not shape:
            click.echo(f"there is no table {table} here: nothing to carry over", err=True)
            if as_json:
                click.echo(_as_json(()))
            return
        old_table.check_shape(shape, table, timezone)
        zone = timezone or "UTC"
        old_table.check_zone(connection, zone)
        counts = old_table.backfill(connection, table, zone)
    click.echo(_as_json(counts) if as_json else _as_text(counts))
    if not agree(counts):
        ctx.exit(DIFFERENT)


def _as_text(counts: Sequence[Count]) -> str:
    width = max([len("instance"), *(len(count.instance or "(none)") for count in counts)])
    lines = [f"{'instance':<{width}}  rows read  events present"]
    for count in counts:
        mark = "" if count.rows == count.events else "  ✗"
        lines.append(f"{count.instance or '(none)':<{width}}  {count.rows:>9}  {count.events:>14}{mark}")
    rows, events = sum(c.rows for c in counts), sum(c.events for c in counts)
    verdict = "every row is an event" if agree(counts) else f"{rows - events} rows are not events yet"
    return "\n".join([*lines, f"{'all':<{width}}  {rows:>9}  {events:>14}", verdict])


def _as_json(counts: Sequence[Count]) -> str:
    instances = [{"instance_id": c.instance, "rows_read": c.rows, "events_present": c.events} for c in counts]
    document = {
        "format": "rollout-events-backfill/1",
        "rows_read": sum(c.rows for c in counts),
        "events_present": sum(c.events for c in counts),
        "instances": instances,
        "ok": agree(counts),
    }
    return json.dumps(document, indent=2)
