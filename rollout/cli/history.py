"""`rollout history` and `rollout report`: what the ledger says about past runs."""

from __future__ import annotations

from collections.abc import Sequence

import click
from msgspec.structs import replace

from rollout.cli import completing, session
from rollout.cli.options import common
from rollout.cli.session import Session
from rollout.errors import UsageError, near
from rollout.ledger import ledger
from rollout.ledger.ledger import Ledger
from rollout.machine import locks
from rollout.model.inventory import Target
from rollout.model.outcomes import PastRun
from rollout.showing import outcomes
from rollout.showing.documents import history_document


@click.command()
@click.argument("run", required=False, shell_complete=completing.runs)
@common
@click.pass_context
def history(context: click.Context, run: str | None) -> int:
    """List the runs, newest first, or show one run's outcomes.

    \b
    Examples:
      rollout history
      rollout history 20260203T1520
    """
    with session.opened(context, check=False, looks=False) as at:
        inventory = at.loaded.inventory
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            found = book.runs() if run is None else [one_run(book, run)]
            at_work = runs_at_work(at, book)
        runs = [in_order(replace(past, at_work=past.run == at_work), inventory.targets) for past in found]
        if at.options.json:
            at.screen.document({"format": "rollout-history/1", "runs": [history_document(past) for past in runs]})
        elif run is None:
            at.screen.data(outcomes.history_text(runs, at.screen.display))
        else:
            at.screen.data(outcomes.run_text(runs[0], at.screen.display))
    return 0


def one_run(book: Ledger, name: str) -> PastRun:
    """Return the run that a person wants to see; raise UsageError, which suggests the nearest id, if there is none."""
    try:
        return book.run(name)
    except UsageError as error:
        raise UsageError(f"{error}{near(name, [past.run for past in book.runs()])}") from None


def runs_at_work(at: Session, book: Ledger) -> str | None:
    """Return the run at work now: one that has not ended, while a process holds the lock that it took before.

    Only the newest can be. We read the lock without trying to take it, which could make a starting run fail.
    """
    newest = book.newest()
    if newest is None or newest.exit_code is not None:
        return None
    since = locks.at_work_since(at.run_lock)
    here = since is not None and since[:19] <= newest.started_at[:19]
    return newest.run if here or book.held() else None


def in_order(run: PastRun, targets: Sequence[Target]) -> PastRun:
    """Return a run with its outcomes in the inventory's order; targets no longer in the inventory come last."""
    order = {target.name: index for index, target in enumerate(targets)}
    return replace(run, outcomes=tuple(sorted(run.outcomes, key=lambda o: order.get(o.target, len(order)))))
