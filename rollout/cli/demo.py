"""`rollout demo`: the whole story in a sandbox."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from rollout.cli.common_options import settled
from rollout.cli.options import common
from rollout.demo import stage, story
from rollout.showing import colour


@click.command()
@click.argument("folder", required=False, metavar="[DIR]")
@common
@click.pass_context
def demo(context: click.Context, folder: str | None) -> int:
    """Build five repositories with remotes in DIR (default: a new temporary folder) and roll out to them.

    \b
    rollout demo
    rollout demo /tmp/sandbox
    """
    options = settled(context)
    place = Path(folder).expanduser() if folder else Path(tempfile.mkdtemp(prefix="rollout-demo-"))
    paint = colour.painter(options.colour_on(sys.stdout))

    def say(text: str) -> None:
        click.echo(text, color=True)

    return story.Story(stage.prepared(place), say, paint).tell()
