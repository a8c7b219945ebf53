"""`rollout events tail`."""

import json
import time

import click

from rollout.events.event import Event
from rollout.events.settings import database_option, event_store, instance_of

POLL_SECONDS = 1.0
SHOWN = 100


@click.command()
@click.argument("instance")
@click.option("-n", "--lines", type=click.IntRange(min=1), default=20, show_default=True, help="How many events.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new events as they come.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event.")
@database_option
def tail(instance: str, lines: int, follow: bool, as_json: bool) -> None:
    """Print the newest events of a session, the newest last.

    \b
    Example: rollout events tail consilio-PS-a1b2c3 -n 5
    """
    from rollout.events import store

    name = instance_of(instance)
    with event_store() as connection:
        newest = store.newest_events(connection, name, lines)
        if not newest and not follow:
            click.echo(f"no events of {name} are in the store", err=True)
        while True:
            for event in newest:
                click.echo(_as_json(event) if as_json else _as_line(event))
            if not follow:
                break
            last = newest[-1].sequence_num if newest else 0
            time.sleep(POLL_SECONDS)
            newest = store.events_after(connection, name, last)


def _as_line(event: Event) -> str:
    data = json.dumps(event.data, ensure_ascii=False)
    return f"#{event.sequence_num:<5} {event.timestamp[:19]}Z {event.event_type:<18} {data[:SHOWN]}"


def _as_json(event: Event) -> str:
    shown = {
        "sequence_num": event.sequence_num,
        "event_type": event.event_type,
        "timestamp": event.timestamp,
        "event_id": event.event_id,
        "parent_uuid": event.parent_uuid,
        "event_data": event.data,
    }
    return json.dumps(shown, ensure_ascii=False)
