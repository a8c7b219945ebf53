"""`rollout status`: one line per target, read from git and the disk and joined with the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from rollout import clock, ledger, survey, tables
from rollout.cli import session
from rollout.cli.options import common, option, terminal_width
from rollout.cli.session import Session
from rollout.ledger import LedgerError
from rollout.model import LastOutcome, State
from rollout.plaintext import moment
from rollout.tables import Knowledge, Row

_DIFFERENT = {State.PENDING, State.DRIFT, State.CONFLICT, State.READY_TO_PUSH, State.BLOCKED}


@click.command()
@option("--fetch", is_flag=True, help="Ask the remotes now instead of telling what was last known.")
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are differences.")
@option("--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table", help="How to print it.")
@common
@click.pass_context
def status(context: click.Context, fetch: bool, detailed_exitcode: bool, form: str) -> int:
    """Show the state of every target, one line each.

    \b
    rollout status
    rollout status --fetch --detailed-exitcode
    rollout status --format markdown > STATUS.md
    """
    with session.opened(context) as at:
        made = at.plan(at.settings(offline=not fetch))
        rows = survey.rows(made, last_outcomes(at), whole=at.options.verbose > 0)
        when = survey.fetched_at(made)
        if at.options.json or form == "json":
            at.screen.document(document(rows, when))
        elif form == "markdown":
            at.screen.data(tables.status_markdown(rows))
        else:
            known = Knowledge(clock.now(), when, fetch)
            at.screen.data(tables.status_text(rows, known, at.screen.paint, terminal_width()))
        if any(row.state in {State.MISSING, State.UNREACHABLE} for row in rows):
            return 1
        return 2 if detailed_exitcode and any(row.state in _DIFFERENT for row in rows) else 0


def last_outcomes(at: Session) -> dict[str, LastOutcome]:
    """Read the ledger as far as it can be read: what git and the disk say is shown without it too."""
    inventory = at.loaded.inventory
    try:
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            return book.last_outcomes()
    except LedgerError as error:
        at.screen.warn(str(error))
        return {}


def document(rows: Sequence[Row], fetched_at: float | None) -> dict[str, Any]:
    """Return the status as the contract's document."""
    return {
        "format": "rollout-status/1",
        "fetched_at": None if fetched_at is None else moment(fetched_at),
        "targets": [
            {
                "name": row.name,
                "kind": row.kind,
                "branch": row.branch,
                "state": row.state.value,
                "reason": row.reason,
                "commit": row.commit,
                "ahead": row.ahead,
                "behind": row.behind,
                "last_run": row.last.run if row.last else None,
                "last_outcome": row.last.outcome if row.last else None,
                "last_applied_at": row.last.applied_at if row.last else None,
                "last_changed_at": row.last.applied_at if row.last else None,
                "last_reason": row.last.reason if row.last else None,
                "orphans": [str(path) for path in row.orphans],
                "disagreement": row.disagrees,
            }
            for row in rows
        ],
        "summary": {state.value: number for state, number in Counter(row.state for row in rows).items()},
    }
