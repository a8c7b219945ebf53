"""`rollout events purge`."""

from datetime import UTC, datetime

import click

from rollout.events.settings import database_option, event_store, instance_of

PARTIAL = 3


@click.command()
@click.option(
    "--older-than",
    required=True,
    metavar="AGE|DATE",
    help="The horizon: an age like 90d, 12h, 52w, or a date like 2026-01-31.",
)
@click.option("--instance", metavar="ID", help="Only this session.")
@database_option
def purge(older_than: str, instance: str | None) -> None:
    """Delete whole sessions whose every event is older than the horizon; print how many events of each.

    \b
    Examples:
      rollout events purge --older-than 180d
    """
    from rollout.events import retention

    moment = retention.horizon(older_than, datetime.now(UTC))
    only = instance_of(instance) if instance else None
    sessions = events = kept = 0
    with event_store() as connection:
        for name, count in retention.purge(connection, moment, only):
            if count:
                click.echo(f"{name}  {count}")
                sessions, events = sessions + 1, events + count
            else:
                click.echo(f"{name} stays: rows of another table point at its events", err=True)
                kept += 1
    click.echo(f"purged {sessions} sessions, {events} events, older than {moment:%Y-%m-%d %H:%M} UTC", err=True)
    if kept:
        click.get_current_context().exit(PARTIAL)
