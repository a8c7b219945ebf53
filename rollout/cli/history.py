"""`rollout history` and `rollout report`: what the ledger tells of past runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from msgspec.structs import replace

from rollout import ledger, locks, survey, tables
from rollout import report as reports
from rollout.cli import session
from rollout.cli.options import common, option, terminal_width
from rollout.cli.session import Session
from rollout.errors import RolloutError
from rollout.ledger import Ledger
from rollout.model import PastRun, Target


@click.command()
@click.argument("run", required=False)
@common
@click.pass_context
def history(context: click.Context, run: str | None) -> int:
    """List the runs, newest first, or show one run's outcomes.

    \b
    rollout history
    rollout history 20260203T1520
    """
    with session.opened(context, check=False, looks=False) as at:
        inventory = at.loaded.inventory
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            found = book.runs() if run is None else [book.run(run)]
            at_work = _at_work(at, book)
        runs = [in_order(replace(past, at_work=past.run == at_work), inventory.targets) for past in found]
        if at.options.json:
            at.screen.document({"format": "rollout-history/1", "runs": [_document(past) for past in runs]})
        elif run is None:
            at.screen.data(tables.history_text(runs, terminal_width()))
        else:
            at.screen.data(tables.run_text(runs[0], at.screen.paint))
    return 0


def _at_work(at: Session, book: Ledger) -> str | None:
    """Return the run that is at work now: one that has not ended, while a process holds the lock that it took before.

    Only the newest can be; the lock is read and not tried, for a run that begins would trip over that.
    """
    newest = next(iter(book.runs(1)), None)
    if newest is None or newest.exit_code is not None:
        return None
    since = locks.at_work_since(at.run_lock)
    here = since is not None and since[:19] <= newest.started_at[:19]
    return newest.run if here or book.held() else None


def in_order(run: PastRun, targets: Sequence[Target]) -> PastRun:
    """Return a run with its outcomes in the inventory's order; what the inventory names no more comes last."""
    order = {target.name: index for index, target in enumerate(targets)}
    return replace(run, outcomes=tuple(sorted(run.outcomes, key=lambda o: order.get(o.target, len(order)))))


def _document(run: PastRun) -> dict[str, Any]:
    return {
        "run": run.run,
        "command": run.command,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "plan": run.plan,
        "exit_code": run.exit_code,
        "at_work": run.at_work,
        "outcomes": [
            {
                "target": outcome.target,
                "outcome": outcome.verdict.value,
                "reason": outcome.reason,
                "base": outcome.base,
                "commit": outcome.commit,
                "duration_ms": outcome.duration_ms,
                "paths": [
                    {"path": path.path, "action": path.action, "before": path.before, "after": path.after}
                    for path in outcome.paths
                ],
            }
            for outcome in run.outcomes
        ],
    }


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
            past = replace(past, at_work=past.run == _at_work(at, book))
        made = at.plan(at.settings(offline=True))
        at.screen.data(reports.markdown(in_order(past, inventory.targets), survey.rows(made, last)))
    return 0
