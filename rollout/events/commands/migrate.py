"""`rollout events migrate`."""

import click

from rollout.events.settings import configured_types, database_option, event_store


@click.command()
@database_option
def migrate() -> None:
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
    for name in applied:
        click.echo(f"applied {name}")
    if changed:
        click.echo(f"{changed} event types written")
    if not applied and not changed:
        click.echo("up to date")
