"""`rollout report`: write a rollout up as a document."""

from __future__ import annotations

import click
from msgspec.structs import replace

from rollout.cli import session
from rollout.cli.event_facts import event_facts
from rollout.cli.history import one_run, runs_at_work
from rollout.cli.options import common, option
from rollout.errors import RolloutError
from rollout.ledger import ledger
from rollout.ledger.ledger import Ledger
from rollout.model.outcomes import PastRun
from rollout.planning.rollouts import last_rollout, shares
from rollout.planning.writable import reasons_of
from rollout.showing import status_rows
from rollout.showing.report import Told, markdown


@click.command()
@click.argument("run", required=False)
@option("--format", "form", type=click.Choice(["markdown"]), default="markdown", help="How to write it.")
@common
@click.pass_context
def report(context: click.Context, run: str | None, form: str) -> int:  # one form so far
    """Write a rollout up as a document: what changed where, what was pushed, what remains.

    Without RUN it is the last one that changed something, over all of its runs of that day. With a database it also
    says what the tests of the event store found.

    \b
    rollout report > ROLLOUT.md
    rollout report 20260203T1520
    """
    with session.opened(context, looks=False) as at:
        inventory = at.loaded.inventory
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            last = book.last_outcomes()
            at_work = runs_at_work(at, book)
            runs = tuple(replace(past, at_work=past.run == at_work) for past in _runs(book, run))
        made = at.plan(at.settings(offline=True))
        rows = tuple(status_rows.rows(made, last, reasons_of))
        at.screen.data(markdown(Told(runs, shares(runs), rows, event_facts(at, runs[0].started_at))))
    return 0


def _runs(book: Ledger, name: str | None) -> tuple[PastRun, ...]:
    """Return the run that was named, or those of the last rollout; raise RolloutError where there is none."""
    found = last_rollout(book.last_day()) if name is None else (one_run(book, name),)
    if not found:
        raise RolloutError("there are no runs yet; `rollout apply` makes the first")
    return found
