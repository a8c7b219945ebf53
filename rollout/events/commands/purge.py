"""`rollout events purge`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from rollout.events.settings import database_option, event_store, instance_of, json_option

PARTIAL = 3


@click.command()
@click.option(
    "--older-than",
    required=True,
    metavar="AGE|DATE",
    help="The horizon: an age like 90d, 12h, 52w, or a date like 2026-01-31.",
)
@click.option("--instance", metavar="ID", help="Only this session.")
@json_option("Print the sessions as one JSON document.")
@database_option
def purge(older_than: str, instance: str | None, as_json: bool) -> None:
    """Delete whole sessions whose every event is older than the horizon; print how many events of each.

    \b
    Examples:
      rollout events purge --older-than 180d
    """
    from rollout.events import retention

    moment = retention.horizon(older_than, datetime.now(UTC))
    only = instance_of(instance) if instance else None
    purged, kept = list[tuple[str, int]](), list[str]()
    with event_store() as connection:
        for name, count in retention.purge(connection, moment, only):
            if count:
                purged.append((name, count))
            else:
                kept.append(name)
                click.echo(f"{name} stays: rows of another table point at its events", err=True)
    # Only now: who cannot be told must not keep the rest from being deleted.
    lines = (f"{name}  {count}" for name, count in purged)
    for shown in (_as_json(moment, purged, kept),) if as_json else lines:
        click.echo(shown)
    events = sum(count for _, count in purged)
    click.echo(f"purged {len(purged)} sessions, {events} events, older than {moment:%Y-%m-%d %H:%M} UTC", err=True)
    if kept:
        click.get_current_context().exit(PARTIAL)


def _as_json(older_than: datetime, purged: Sequence[tuple[str, int]], kept: Sequence[str]) -> str:
    document = {
        "format": "rollout-events-purge/1",
        "older_than": older_than.isoformat(),
        "purged": [{"instance_id": name, "events": count} for name, count in purged],
        "kept": list(kept),
    }
    return json.dumps(document, indent=2)
