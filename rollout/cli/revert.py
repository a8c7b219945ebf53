"""`rollout revert`: undo a run with new commits."""

from __future__ import annotations

import click
from msgspec.structs import replace

from rollout.cli import completing, session
from rollout.cli.carry_out import Undertaking, carry_out, ledger
from rollout.cli.options import common, option
from rollout.cli.run_options import Consent, words_options
from rollout.fleet.revert import TakingBack, steps_back, steps_of_gone, steps_of_taken_back, unrecorded
from rollout.machine import clock
from rollout.model import plan_document
from rollout.model.outcomes import RunCommand
from rollout.model.plan import Plan
from rollout.objects.messages import CommitWords


@click.command()
@click.argument("run", shell_complete=completing.runs)
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("--no-push", is_flag=True, help="Commit here, leave it ready to push.")
@option("--reopen", is_flag=True, help="Propose it even if a person declined it or took the branch over.")
@words_options
@common
@click.pass_context
def revert(
    context: click.Context,
    run: str,
    yes: bool,
    no_push: bool,
    reopen: bool,
    words: CommitWords,
) -> int:
    """Undo a run: new commits that put back what was there, and shared files from their backups.

    Where changes are reviewed, it opens a review that puts back what was there. What is still in an open review is
    taken out of it, and a review in which nothing is left is closed.

    \b
    Examples:
      rollout history
      rollout revert 20260203T152000Z-3f81ad
    """
    with session.opened(context, check=False, spread=False, looks=False) as at, ledger(at) as book:
        settings = at.settings(push=not no_push, writes=True)
        past = book.run(run)  # no other is suggested: it would be undone
        stopped = unrecorded(past, at.loaded, settings, at.options.jobs)
        past = replace(past, outcomes=(*past.outcomes, *stopped.outcomes))
        targets = tuple(t for t in at.loaded.chosen if any(o.target == t.name and o.paths for o in past.outcomes))
        back = TakingBack(past, book.folder_writes(past.run), reopen)
        steps = steps_back(back, targets, at.loaded, settings, at.options.jobs)
        steps += stopped.steps
        steps += steps_of_taken_back(past, at.loaded, settings)
        steps += steps_of_gone(past, at.loaded, f"rollout revert {past.run}")
        made = Plan(clock.new_id(), clock.now(), steps)
        made = replace(made, digest=plan_document.digest(made))
        words = replace(words, message=words.message or f"Revert rollout {past.run}")
        what = Undertaking(RunCommand.REVERT, made, settings, words, Consent(yes), again=("revert", run))
        return carry_out(at, book, what)
