"""`rollout report`: write a rollout up as a document, or the fleet as a page."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

import click
from msgspec.structs import replace

from rollout.cli import completing, pacing, session
from rollout.cli.common_options import given_options
from rollout.cli.event_facts import event_facts
from rollout.cli.forms import ReportForm
from rollout.cli.history import one_run, runs_at_work
from rollout.cli.options import common, format_option, out_option
from rollout.cli.session import Session
from rollout.errors import RolloutError, UsageError
from rollout.ledger import ledger
from rollout.ledger.ledger import Ledger
from rollout.machine import clock, files
from rollout.model.outcomes import PastRun
from rollout.planning.rollouts import by_target, last_rollout
from rollout.planning.writable import reasons_of
from rollout.showing import status_rows
from rollout.showing.passages import in_markdown, on_screen
from rollout.showing.report import ReportContent, document
from rollout.showing.status_rows import Recorded

_LOOKS = r'\A# .* - Complete Summary\n(?:.*\n){1,6}\*\*Runs?:\*\* `|<meta name="generator" content="rollout">'
_NO_JSON = "is no JSON; `rollout report --out FILE` writes it to a file; `rollout status --json` has the states"


@click.command()
@click.argument("run", required=False, shell_complete=completing.runs)
@format_option(ReportForm, "How to write it.")
@out_option("Write it to a file instead of standard output.", "report", _LOOKS)
@common
@click.pass_context
def report(context: click.Context, run: str | None, form: str, out: str | None) -> int:
    """Write a rollout up as a document: what changed where, what was pushed, what remains.

    Without RUN it is the last one that changed something, over all of its runs of that day. With a database it also
    says what the tests of the event store found. As HTML it is one page about the whole fleet: what needs you, what
    waits, what is fine, the runs, and the event store.

    \b
    Examples:
      rollout report > ROLLOUT.md
      rollout report 20260203T1520
      rollout report --format html --out fleet.html
    """
    if out is None and given_options(context).json:
        raise UsageError(f"report: {_NO_JSON}")
    match ReportForm(form):
        case ReportForm.MARKDOWN:
            return _document(context, run, out)
        case ReportForm.HTML if run is None:
            return _page(context, out)
        case ReportForm.HTML:
            raise UsageError("report: a page is about the whole fleet; leave out the run")
        case never:
            assert_never(never)


def _document(context: click.Context, run: str | None, out: str | None) -> int:
    """Write the document about one rollout."""
    with session.opened(context, looks=False) as at:
        inventory, since = at.loaded.inventory, clock.now_exact()
        # First, for a run that ends meanwhile belongs into the report.
        made = pacing.looked_at(at, at.settings(offline=True))
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            at_work = runs_at_work(at, book)
            recorded = Recorded(book.last_outcomes(), at_work is not None, since, book.stopped())
            runs = tuple(replace(past, at_work=past.run == at_work) for past in _runs(book, run))
        rows = tuple(status_rows.rows(made, recorded, reasons_of))
        passages = document(
            ReportContent(runs, by_target(runs), rows, event_facts(at, runs[0].started_at)),
            whole=at.options.verbose > 0,
        )
        if out is None:
            at.screen.data(on_screen(passages, at.screen.display.width))
        else:
            _write(at, out, at.screen.fit(in_markdown(passages)))
    return 0


def _page(context: click.Context, out: str | None) -> int:
    """Write the fleet's page."""
    from rollout.cli.page import page

    with session.opened(context) as at:
        text = page(at)
        if out is None:
            at.screen.page(text)
        else:
            _write(at, out, text)
    return 0


def _write(at: Session, out: str, text: str) -> None:
    files.write_named(Path.cwd() / Path(out).expanduser(), text.encode("utf-8", "backslashreplace"), 0o644)
    at.screen.note(f"Written to {out}.")


def _runs(book: Ledger, name: str | None) -> tuple[PastRun, ...]:
    """Return the run that was named, or those of the last rollout; raise RolloutError if there is none."""
    found = last_rollout(book.last_day()) if name is None else (one_run(book, name),)
    if not found:
        raise RolloutError("there are no runs yet; `rollout apply` makes the first")
    return found
