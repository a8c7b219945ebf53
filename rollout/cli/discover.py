"""`rollout discover`: the repositories of a forge that the inventory does not name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from rollout.cli import session
from rollout.cli.options import common, option
from rollout.cli.session import Session
from rollout.cli.terminal import streams
from rollout.errors import Refused, UsageError
from rollout.fleet import discover as finding
from rollout.fleet.discover import Filters
from rollout.forges.listing import Listed
from rollout.machine import files
from rollout.safety.shown import plain
from rollout.showing.colour import count
from rollout.showing.table import Column, table
from rollout.targets.folder import sources


def filter_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give the command which repositories to list, as `filters`."""

    @option("--topic", "topics", multiple=True, metavar="TOPIC", help="Only repositories with this topic.")
    @option("--match", "patterns", multiple=True, metavar="GLOB", help="Only repositories whose name matches.")
    @option("--archived", is_flag=True, help="Include archived repositories.")
    @option("--forks", is_flag=True, help="Include forks.")
    @wraps(command)
    def with_filters(
        *given: Any, topics: tuple[str, ...], patterns: tuple[str, ...], archived: bool, forks: bool, **others: Any
    ) -> int:
        return command(*given, filters=Filters(topics, patterns, archived, forks), **others)

    return with_filters


@click.command()
@option("--forge", "sources", multiple=True, metavar="SOURCE",
        help="github:ORG, gitlab:GROUP, gitea:ORG, or command:CMD (default: `discover` of the inventory).")  # fmt: skip
@filter_options
@option("--add", is_flag=True, help="Write them into the inventory.")
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@common
@click.pass_context
def discover(context: click.Context, sources: tuple[str, ...], filters: Filters, add: bool, yes: bool) -> int:
    """List the repositories of an organisation or a group that the inventory does not name.

    \b
    Examples:
      rollout discover --forge github:my-team --topic service
      rollout discover --forge gitlab:platform/services --add
    """
    with session.opened(context, check=False, looks=False) as at:
        wanted = sources or at.loaded.inventory.discover
        if not wanted:
            raise UsageError.of("rollout discover", "takes --forge SOURCE, or `discover: [SOURCE]` in the inventory")
        found = finding.unmanaged(at.loaded.inventory, wanted, filters, at.options.timeout)
        if at.options.json:
            at.screen.document({"format": "rollout-discover/1", "unmanaged": [_document(one) for one in found]})
        else:
            at.screen.data(_table(found))
        if add and found:
            _add(at, found, yes=yes)
        return 0


def _document(one: Listed) -> dict[str, object]:
    return {"name": one.name, "url": one.url, "archived": one.archived, "topics": list(one.topics)}


def _table(found: list[Listed]) -> str:
    if not found:
        return "The inventory names every repository.\n"
    rows = [
        [plain(one.name), "archived" if one.archived else "", ", ".join(one.topics), plain(one.url)] for one in found
    ]
    return table([*map(Column, ("NAME", "", "TOPICS", "URL"))], rows, streams.width(sys.stdout))


def _add(at: Session, found: list[Listed], *, yes: bool) -> None:
    """Write what was found into the inventory, once a person agrees."""
    what = f"Add {count(len(found), 'repository')} to {at.loaded.shown}?"
    if not yes:
        if at.options.json or not sys.stdin.isatty():
            raise Refused("there is no terminal to ask on; add --yes to write them into the inventory")
        with at.interrupt.at_once():
            if not at.screen.agreed(what):
                raise Refused("cancelled; nothing was changed")
    path = at.loaded.inventory.path
    text = files.read_named(path)
    for note in sources.rewrite(at.state, path, text, finding.added(text, found)):
        at.screen.warn(note)
    at.screen.note(f"Added to {at.loaded.shown}; `rollout plan` shows what they need.")
