"""`rollout apply`: a plan, a question, a run."""

from __future__ import annotations

import click

from rollout.cli import proving, session
from rollout.cli.carry_out import Undertaking, carry_out, ledger, reviewed
from rollout.cli.options import common, option
from rollout.cli.run_options import decisions_options, max_failures_option, words_options
from rollout.model.circumstances import Decisions
from rollout.objects.messages import Words


@click.command()
@click.argument("planfile", required=False)
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("--offline", is_flag=True, help="Contact no remote: commit here, leave it ready to push.")
@option("--no-push", is_flag=True, help="Commit here, leave it ready to push.")
@decisions_options(
    "Take over files that exist and that rollout never wrote.",
    "What to do with managed files that others changed (default: block).",
)
@words_options
@max_failures_option
@common
@click.pass_context
def apply(
    context: click.Context,
    planfile: str | None,
    yes: bool,
    offline: bool,
    no_push: bool,
    decisions: Decisions,
    words: Words,
    max_failures: int | None,
) -> int:
    """Commit, push and write what the plan says, after asking.

    \b
    rollout apply
    rollout apply rollout.plan --yes
    rollout apply --no-push --message "Event store migration"
    """
    with session.opened(context, check=False) as at, ledger(at) as book:
        settings = at.settings(offline=offline, push=not (no_push or offline), writes=True)
        if planfile is not None:
            made, asked = reviewed(at, book, planfile, settings, decisions), True
        else:
            problems = {} if offline else proving.problems(at)
            made, asked = at.plan(settings, decisions, problems=problems), False
        what = Undertaking(
            "apply", made, settings, words, yes, show_plan=not asked, used=asked, most_failures=max_failures
        )
        return carry_out(at, book, what)
