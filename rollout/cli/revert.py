"""`rollout revert`: undo a run with new commits."""

from __future__ import annotations

import click
from msgspec.structs import replace

from rollout.cli import session
from rollout.cli.carry_out import carry_out, ledger
from rollout.cli.options import common, option
from rollout.cli.run_options import message_option, signoff_option, trailer_option, words_of
from rollout.fleet import revert as reverting
from rollout.machine import clock
from rollout.model import plan_document
from rollout.model.plan import Plan


@click.command()
@click.argument("run")
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("--no-push", is_flag=True, help="Commit here, leave it ready to push.")
@message_option
@trailer_option
@signoff_option
@common
@click.pass_context
def revert(
    context: click.Context,
    run: str,
    yes: bool,
    no_push: bool,
    message: str | None,
    trailers: tuple[str, ...],
    signoff: bool,
) -> int:
    """Undo a run: new commits that put back what was there, and shared files from their backups.

    \b
    rollout history
    rollout revert 20260203T152000Z-3f81ad
    """
    words = words_of(message, trailers, signoff=signoff)
    with session.opened(context, check=False, spread=False, looks=False) as at, ledger(at) as book:
        settings = at.settings(push=not no_push, writes=True)
        past = book.run(run)
        targets = tuple(t for t in at.loaded.chosen if any(o.target == t.name and o.paths for o in past.outcomes))
        steps = reverting.steps(past, targets, at.loaded, settings, at.options.jobs)
        made = Plan(clock.new_id(), clock.now(), steps)
        made = replace(made, digest=plan_document.digest(made))
        words = replace(words, message=message or f"Revert rollout {past.run}")
        return carry_out(at, book, "revert", made, settings, words, yes=yes)
