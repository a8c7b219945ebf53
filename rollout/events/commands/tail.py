"""`rollout events tail`."""

import json
import time
from collections.abc import Callable
from functools import partial

import click

from rollout.events.event import Event
from rollout.events.settings import database_option, event_store, instance_of, json_option, way_beyond

POLL_SECONDS = 1.0
SHOWN = 100


@click.command()
@click.argument("instance")
@click.option("-n", "--lines", type=click.IntRange(min=1), default=20, show_default=True, help="How many events.")
@click.option("-f", "--follow", is_flag=True, help="Keep printing new events as they arrive.")
@json_option("One JSON object per event.")
@database_option
def tail(instance: str, lines: int, follow: bool, as_json: bool) -> None:
    """Print the newest events of a session, the newest last.

    \b
    Examples:
      rollout events tail consilio-PS-a1b2c3 -n 5
    """
    from rollout.events import store

    name = instance_of(instance)
    shown = _as_json if as_json else _as_line
    if beyond := way_beyond():
        _print(name, beyond.newest(name, lines), partial(beyond.after, name) if follow else None, shown)
        return
    with event_store() as connection:
        after = partial(store.events_after, connection, name) if follow else None
        _print(name, store.newest_events(connection, name, lines), after, shown)


def _print(
    name: str,
    newest: tuple[Event, ...],
    after: Callable[[int], tuple[Event, ...]] | None,
    shown: Callable[[Event], str],
) -> None:
    if not newest and not after:
        click.echo(f"no events of {name} are in the store", err=True)
    last = 0
    while True:
        for event in newest:
            click.echo(shown(event))
            last = event.sequence_num
        if not after:
            break
        time.sleep(POLL_SECONDS)
        newest = after(last)


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
