"""`rollout events migrate`."""

import json
from collections.abc import Iterator, Sequence

import click

from rollout.events.settings import configured_types, database_option, event_store, json_option


@click.command()
@json_option("Print what was applied as JSON.")
@database_option
def migrate(as_json: bool) -> None:
    """Bring the event store up to date; run twice, it changes nothing.

    It works on an empty database, on itself, and on the tables of the older store, whose rows stay as they are.

    \b
    Examples:
      rollout events migrate
    """
    from rollout.events import event_types, migrations

    types = event_types.all_types(configured_types())
    with event_store() as connection, connection.transaction():
        applied = migrations.migrate(connection)
        changed = event_types.store_types(connection, types)
    if as_json:
        document = {"format": "rollout-events-migrate/1", "applied": list(applied), "event_types_written": changed}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo("\n".join(_as_text(applied, changed)))


def _as_text(applied: Sequence[str], changed: int) -> Iterator[str]:
    yield from (f"applied {name}" for name in applied)
    if changed:
        yield f"{changed} event types written"
    if not applied and not changed:
        yield "up to date"
