"""`rollout apply`: a plan, a question, a run."""

from __future__ import annotations

import click

from rollout.cli import proving, session
from rollout.cli.carry_out import Undertaking, carry_out, ledger, reviewed
from rollout.cli.options import common
from rollout.cli.run_options import Consent, Reach, consent_options, decisions_options, reach_options, words_options
from rollout.model.circumstances import Decisions
from rollout.objects.messages import Words


@click.command()
@click.argument("planfile", required=False)
@consent_options
@reach_options
@decisions_options(
    "Take over files that exist and that rollout never wrote.",
    "What to do with managed files that others changed (default: block):",
)
@words_options
@common
@click.pass_context
def apply(
    context: click.Context,
    planfile: str | None,
    consent: Consent,
    reach: Reach,
    decisions: Decisions,
    words: Words,
) -> int:
    """Commit, push and write what the plan says, after asking.

    \b
    rollout apply
    rollout apply rollout.plan --yes
    rollout apply --no-push --message "Event store migration"
    """
    with session.opened(context, check=False) as at, ledger(at) as book:
        settings = at.settings(offline=reach.offline, push=reach.push, writes=True)
        if planfile is not None:
            made, asked = reviewed(at, book, planfile, settings, decisions), True
        else:
            problems = {} if reach.offline else proving.problems(at)
            made, asked = at.plan(settings, decisions, problems=problems), False
        what = Undertaking("apply", made, settings, words, consent, show_plan=not asked, used=asked)
        return carry_out(at, book, what)
