"""`rollout events resume`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from rollout.errors import RolloutError
from rollout.events.settings import database_option, event_store, instance_of, json_everywhere, stale_after, way_beyond


@click.command()
@click.argument("instance")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["markdown", "json"]),
    default=lambda: "json" if json_everywhere() else "markdown",
    show_default="markdown",
)
@click.option("--json", "shape", flag_value="json", help="The same as --format json.")
@click.option("--full", is_flag=True, help="Markdown without a limit; it is kept under 2,000 characters otherwise.")
@database_option
def resume(instance: str, shape: str, full: bool) -> None:
    """Show where a session stands, for whoever continues it, and the repository of this folder as it is now.

    A session that can no longer be alive is ended first: its process is gone, or nothing was
    heard from it for events.stale_after.

    \b
    Examples:
      rollout events resume consilio-PS-a1b2c3
    """
    from rollout.events import inferred, resume_markdown, store
    from rollout.events.bundle import Moment
    from rollout.events.repository_now import read_repository

    name = instance_of(instance)
    if beyond := way_beyond():
        answer = beyond.resume(name)
    else:
        with event_store() as connection:
            inferred.end_if_over(connection, name, inferred.patience(stale_after()), datetime.now(UTC))
            answer = store.resume_in_sql(connection, name)
    if not answer["events"]:
        raise RolloutError(f"no events of {name} are in the store; instances that log: rollout events growth")
    if shape == "json":
        click.echo(json.dumps(answer, indent=2, sort_keys=True, ensure_ascii=False))
    else:
        at = Moment(datetime.now(UTC), read_repository(Path.cwd()))
        click.echo(resume_markdown.markdown(answer, at, None if full else resume_markdown.LIMIT), nl=False)
