"""`rollout status`: one line per target, read from git and the disk and joined with the ledger."""

from __future__ import annotations

import click

from rollout.cli import pacing, session
from rollout.cli.options import common, option, targets
from rollout.cli.session import Session
from rollout.errors import RolloutError
from rollout.ledger import ledger
from rollout.ledger.queries import LedgerError
from rollout.machine import clock
from rollout.model.outcomes import LastOutcome
from rollout.model.plan import State
from rollout.planning.writable import reasons_of
from rollout.showing import next_step, status_rows
from rollout.showing.documents import status_document
from rollout.showing.status import Knowledge, status_markdown, status_text

_DIFFERENT = {State.PENDING, State.WAITING, State.DRIFT, State.CONFLICT, State.READY_TO_PUSH, State.BLOCKED}


@click.command()
@targets
@option("--fetch", is_flag=True, help="Ask the remotes now instead of showing what was last known.")
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are differences.")
@option("--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table", help="How to print it.")
@common
@click.pass_context
def status(context: click.Context, fetch: bool, detailed_exitcode: bool, form: str) -> int:
    """Show the state of every target, one line each.

    \b
    Examples:
      rollout status
      rollout status --fetch --detailed-exitcode
      rollout status --format markdown > STATUS.md
    """
    with session.opened(context) as at:
        settings = at.settings(offline=not fetch)
        made = pacing.shown(at, at.plan(settings), settings)
        shown = at.as_data if at.options.json or form != "table" else at.on_screen
        rows = status_rows.rows(made, last_outcomes(at), reasons_of, shown)
        when = status_rows.fetched_at(made)
        nobodys = _unmanaged(at) if fetch else None
        if at.options.json or form == "json":
            at.screen.document(status_document(rows, when, nobodys))
        elif form == "markdown":
            at.screen.data(status_markdown(rows))
        else:
            known = Knowledge(clock.now(), when, fetch, nobodys, at.again("status", "--fetch"), at.again("discover"))
            then = next_step.after_looking(made.steps)
            at.screen.data(status_text(rows, known, at.screen.display, at.next(then)))
        if any(row.state in {State.MISSING, State.UNREACHABLE} for row in rows):
            return 1
        return 2 if detailed_exitcode and any(row.state in _DIFFERENT for row in rows) else 0


def _unmanaged(at: Session) -> int | None:
    """Count the repositories that nobody manages, where the inventory says where to look for them."""
    inventory = at.loaded.inventory
    if not inventory.discover:
        return None
    from rollout.fleet import discover

    try:
        return len(discover.unmanaged(inventory, inventory.discover, discover.Filters(), at.options.timeout))
    except RolloutError as error:
        at.screen.warn(f"what is unmanaged is not known: {error}")
        return None


def last_outcomes(at: Session) -> dict[str, LastOutcome]:
    """Read as much of the ledger as we can: without it we still show what git and the disk say."""
    inventory = at.loaded.inventory
    try:
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            return book.last_outcomes()
    except LedgerError as error:
        at.screen.warn(str(error))
        return {}
