"""`rollout status`: one line per target, read from git and the disk and joined with the ledger."""

from __future__ import annotations

from typing import assert_never

import click

from rollout.cli import session
from rollout.cli.forms import StatusForm
from rollout.cli.options import common, format_option, option, targets
from rollout.cli.session import Session
from rollout.cli.status_now import StatusShown, looked_at
from rollout.errors import UsageError
from rollout.showing.documents import status_document
from rollout.showing.passages import in_markdown
from rollout.showing.status import reported


@click.command()
@targets
@option("--fetch", is_flag=True, help="Ask the remotes now instead of showing what was last known.")
@option("--watch", is_flag=True, help="Refresh the table until Ctrl-C or q.")
@option("--every", type=click.FloatRange(0.1), metavar="SECONDS", help="How often (default: 5; with --fetch 60).")
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are differences.")
@format_option(StatusForm, "How to print it.")
@common
@click.pass_context
def status(
    context: click.Context, fetch: bool, watch: bool, every: float | None, detailed_exitcode: bool, form: str
) -> int:
    """Show the state of every target, one line each.

    With --watch the exit code is 0 when you end it; with --detailed-exitcode, too, it is that of the last table.

    \b
    Examples:
      rollout status
      rollout status --watch
      rollout status --fetch --detailed-exitcode
      rollout status --format markdown > STATUS.md
    """
    if every is not None and not watch:
        raise UsageError.of("rollout status", "--every goes with --watch")
    if watch:
        from rollout.cli import watching

        ended = watching.watch(
            context, lambda at: looked_at(at, fetch=fetch), every or (60.0 if fetch else 5.0), StatusForm(form)
        )
        return ended.code or (ended.seen.exit_code(detailed=True) if ended.seen and detailed_exitcode else 0)
    with session.opened(context) as at:
        found = _shown(at, StatusForm.JSON if at.options.json else StatusForm(form), fetch=fetch)
        return found.exit_code(detailed=detailed_exitcode)


def _shown(at: Session, form: StatusForm, *, fetch: bool) -> StatusShown:
    match form:
        case StatusForm.TABLE:
            found = looked_at(at, fetch=fetch)
            at.screen.data(found.text(at.screen.display))
        case StatusForm.JSON:
            found = looked_at(at, at.as_data, fetch=fetch)
            at.screen.document(status_document(found.rows, found.known.fetched_at, found.known.unmanaged))
        case StatusForm.MARKDOWN:
            found = looked_at(at, at.as_data, fetch=fetch)
            at.screen.data(in_markdown([reported(found.rows)]))
        case never:
            assert_never(never)
    return found
