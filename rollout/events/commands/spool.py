"""`rollout events flush` and `rollout events hook`: deliver what waits, and what a hook of an agent calls."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollout.errors import RolloutError, UsageError
from rollout.events.settings import database_option, database_url, event_store, json_option, way_beyond

if TYPE_CHECKING:
    from rollout.events.delivery import Delivered

PARTIAL = 3

EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PostToolUse",
    "PostToolUseFailure",
    "SubagentStart",
    "SubagentStop",
    "Stop",
    "PreCompact",
    "SessionEnd",
)

SCRIPT = Path(".claude/helpers/event-hook.sh")


@click.command()
@click.option(
    "--spool", type=click.Path(path_type=Path), help="The folder in which events wait; ROLLOUT_SPOOL otherwise."
)
@json_option("Print how many were delivered, and what was refused, as JSON.")
@database_option
def flush(spool: Path | None, as_json: bool) -> None:
    """Deliver the events that wait on disk, in order, each exactly once.

    \b
    Examples:
      rollout events flush
    """
    from rollout.events.delivery import Delivered
    from rollout.events.spool import count_waiting, spool_folder

    folder = (spool or spool_folder()).absolute()
    database_url()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"the spool {folder} is a file, not a folder in which events could wait")
    waits = count_waiting(folder)
    done = _delivered(folder) if waits else Delivered(0, (), 0)
    if as_json:
        click.echo(_as_json(folder, done))
    else:
        click.echo(f"delivered {done.delivered} events" if waits else f"nothing waits in {folder}")
    for path in done.refused:
        click.echo(f"refused for good, kept in {path}", err=True)
    if done.refused:
        click.get_current_context().exit(PARTIAL)


def _delivered(folder: Path) -> Delivered:
    from rollout.events.delivery import deliver, deliver_by

    if beyond := way_beyond():
        return deliver_by(folder, beyond.copy)
    with event_store() as connection:
        return deliver(folder, connection)


def _as_json(folder: Path, done: Delivered) -> str:
    document = {
        "format": "rollout-events-flush/1",
        "spool": str(folder),
        "delivered": done.delivered,
        "refused": [str(path) for path in done.refused],
        "waiting": done.waiting,
    }
    return json.dumps(document, indent=2)


@click.command()
@click.argument("event", type=click.Choice(EVENTS))
@click.argument("words", nargs=-1, metavar="[PROJECT [PS|MS]]")
def hook(event: str, words: tuple[str, ...]) -> None:
    """Log what a hook of an agent reports; its JSON comes from standard input.

    It hands over to the rolled-out event-hook.sh, found from here upwards or in ROLLOUT_HELPERS, which an agent's
    settings call directly because it starts faster.

    \b
    Examples:
      rollout events hook SessionStart consilio PS <payload.json
    """
    script = _script(Path.cwd())
    try:
        done = subprocess.run((str(script), event, *words))
    except OSError as error:
        raise RolloutError(f"{script} cannot be run: {error.strerror}") from error
    click.get_current_context().exit(done.returncode)


def _script(start: Path) -> Path:
    if helpers := os.environ.get("ROLLOUT_HELPERS"):
        return Path(helpers) / SCRIPT.name
    for folder in (start, *start.parents):
        if (folder / SCRIPT).is_file():
            return folder / SCRIPT
    raise UsageError(f"there is no {SCRIPT} here or above; roll out the shared folder, or set ROLLOUT_HELPERS")
