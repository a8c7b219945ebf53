"""`rollout demo`: the whole story in a sandbox."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from rollout.cli.common_options import given_options
from rollout.cli.options import common, option
from rollout.cli.terminal import streams
from rollout.demo import event_chapters, stage, story
from rollout.showing import colour


@click.command()
@click.argument("folder", required=False, metavar="[DIR]")
@option("--events", is_flag=True, help="Show the event store instead, on a PostgreSQL of the demo's own.")
@common
@click.pass_context
def demo(context: click.Context, folder: str | None, events: bool) -> int:
    """Build five repositories with remotes in DIR (default: a new temporary folder) and roll out to them.

    Nothing outside of that folder is touched. With --events the demo shows what the rollout is for instead: events
    that reach the database, and an agent's session that is killed and taken over.

    \b
    Examples:
      rollout demo
      rollout demo /tmp/sandbox
      rollout demo --events
    """
    options = given_options(context)
    place = Path(folder).expanduser() if folder else Path(tempfile.mkdtemp(prefix="rollout-demo-"))
    paint = colour.painter(options.colour_on(sys.stdout))

    def say(text: str) -> None:
        click.echo(text, color=True)

    told = stage.Stage(stage.prepared(place), say, paint, streams.width(sys.stdout))
    return event_chapters.tell(told) if events else story.tell(told)
