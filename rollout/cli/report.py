"""`rollout report`: write a run up as a document."""

from __future__ import annotations

import click
from msgspec.structs import replace

from rollout.cli import session
from rollout.cli.history import in_order, runs_at_work
from rollout.cli.options import common, option
from rollout.errors import RolloutError
from rollout.ledger import ledger
from rollout.showing import status_rows
from rollout.showing.report import markdown


@click.command()
@click.argument("run", required=False)
@option("--format", "form", type=click.Choice(["markdown"]), default="markdown", help="How to write it.")
@common
@click.pass_context
def report(context: click.Context, run: str | None, form: str) -> int:  # one form so far
    """Write a run up as a document: what changed where, what was pushed, what remains. The last run if none is named.

    \b
    rollout report > ROLLOUT.md
    rollout report 20260203T1520
    """
    with session.opened(context, looks=False) as at:
        inventory = at.loaded.inventory
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            last = book.last_outcomes()
            if run is None:
                past = next(iter(book.runs()), None)
                if past is None:
                    raise RolloutError("there are no runs yet; `rollout apply` makes the first")
            else:
                past = book.run(run)
            past = replace(past, at_work=past.run == runs_at_work(at, book))
        made = at.plan(at.settings(offline=True))
        at.screen.data(markdown(in_order(past, inventory.targets), status_rows.rows(made, last)))
    return 0
