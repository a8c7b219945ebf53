"""`rollout events append`."""

import json
import sys
from typing import TypedDict, Unpack
from uuid import UUID, uuid4

import click

from rollout.errors import UsageError
from rollout.events.event import UNASSIGNED, NewEvent
from rollout.events.settings import configured_types, database_option, event_store, instance_of, json_option


class _More(TypedDict):
    """What is seldom given: notes, the event that led to this one, an id of one's own."""

    metadata: str
    parent: str
    event_id: UUID | None


@click.command()
@click.argument("event_type", metavar="TYPE")
@click.argument("payload", metavar="[JSON]", default="{}")
@click.option("--instance", metavar="ID", help="The session; INSTANCE_ID of the environment otherwise.")
@click.option("--metadata", metavar="JSON", default="{}", help="Tags and what is not about the event itself.")
@click.option("--parent", metavar="UUID", default="", help="The event that led to this one.")
@click.option("--event-id", type=click.UUID, help="The event's own id; the same id twice is one event.")
@json_option("Print the stored event's id and position as JSON.")
@database_option
def append(event_type: str, payload: str, instance: str | None, as_json: bool, **more: Unpack[_More]) -> None:
    """Log one event and print its position; JSON may be `-` for standard input.

    \b
    Examples:
      rollout events append epic_start '{"epic_id": "epic-003", "feature": "auth"}'
    """
    from rollout.events import event_types, store

    if not event_type:
        raise UsageError("an event needs a type: rollout events append TYPE [JSON]")
    name, own_id = instance_of(instance), more["event_id"] or uuid4()
    data = sys.stdin.read() if payload == "-" else payload
    event = NewEvent(name, event_type, data, more["metadata"], more["parent"], own_id)
    with event_store() as connection:
        position = store.append(connection, event)
    known = event_types.canonical_names(event_types.all_types(configured_types()))
    if name == UNASSIGNED:
        click.echo(f"no INSTANCE_ID: kept as unassigned ({UNASSIGNED})", err=True)
    if event_type not in known:
        click.echo(
            f"type {event_type[:64]!r} is not in the list of types: it is kept, but readers do not understand it",
            err=True,
        )
    stored = {"event_id": str(own_id), "instance_id": name, "sequence_num": position}
    click.echo(json.dumps(stored) if as_json else f"{name} #{position} {own_id}")
