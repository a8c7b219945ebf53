"""`rollout verify`: prove, independently of the ledger, that every managed file is as it should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import click

from rollout.cli import proving, session
from rollout.cli.forms import VerifyForm
from rollout.cli.options import common, format_option, option, targets
from rollout.cli.session import Session
from rollout.errors import RolloutError, UsageError
from rollout.model.plan import State, Step
from rollout.model.verified import Unproved, Verified
from rollout.planning import mismatches
from rollout.showing import next_step, proofs, verify_formats


@click.command()
@targets
@option("--database", metavar="URL", envvar=proving.ENVIRONMENT,
        help="The event store; ROLLOUT_DATABASE_URL or the inventory otherwise.")  # fmt: skip
@format_option(VerifyForm, "How to print it.")
@common
@click.pass_context
def verify(context: click.Context, database: str | None, form: str) -> int:
    """Prove that every managed file, upstream and on the disk, has the bytes and the mode it should have.

    With an event store, also that its ten checks pass, that every command and query of the documents works, and
    that hooks log what happens: sessions of the last week beside their transcripts and git's own record.

    \b
    Examples:
      rollout verify
      rollout verify shared --json
      rollout verify --database postgresql://supervisor@localhost:5434/supervisor_service
    """
    with session.opened(context) as at:
        made = at.plan(at.settings(), from_memory=False)  # a proof trusts nothing remembered
        wrong, proved = _documents(at, database)
        at.interrupt.checked()
        found = mismatches.with_documents(mismatches.verified(made), wrong)
        _show(at, VerifyForm(form), found, made.steps)
        if not proved or any(step.state in {State.MISSING, State.UNREACHABLE} for step in made.steps):
            return 1
        return 0 if all(one.ok for one in found) else 2


def _show(at: Session, form: VerifyForm, found: Sequence[Verified], steps: tuple[Step, ...]) -> None:
    match VerifyForm.JSON if form is VerifyForm.TEXT and at.options.json else form:
        case VerifyForm.SARIF:
            at.screen.document(verify_formats.sarif(found))
        case VerifyForm.JUNIT:
            at.screen.data(verify_formats.junit(found))
        case VerifyForm.JSON:
            at.screen.document(verify_formats.document(found))
        case VerifyForm.TEXT:
            then = () if all(one.ok for one in found) else next_step.after_looking(steps)
            at.screen.data(proofs.proof_text(found, steps, at.screen.display, at.next(then)))
        case never:
            assert_never(never)


def _documents(at: Session, given: str | None) -> tuple[tuple[Unproved, ...], bool]:
    """Return what is wrong with the documents, and whether we could find out."""
    url = proving.database(at, given)
    if url is None:
        return (), True
    try:
        return proving.faults(at, url), True
    except UsageError:
        raise
    except RolloutError as error:
        at.screen.warn(str(error))
        return proving.unproved(at, error), False
