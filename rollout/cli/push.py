"""`rollout push`: push what is ready to push."""

from __future__ import annotations

import click

from rollout.cli import proving, session
from rollout.cli.carry_out import Undertaking, carry_out, ledger
from rollout.cli.options import common, targets
from rollout.cli.run_options import Consent, consent_options, words_options
from rollout.model.outcomes import RunCommand
from rollout.objects.messages import CommitWords


@click.command()
@targets
@consent_options
@words_options
@common
@click.pass_context
def push(
    context: click.Context,
    consent: Consent,
    words: CommitWords,
) -> int:
    """Push every target that is ready to push, rebuilding rollout's own commits on an upstream that moved.

    A review that a run had yet to open when it ended is opened. A checkout that stands on a commit of rollout's which
    upstream does not need, or has in a newer form, is moved to upstream.

    \b
    Examples:
      rollout push --yes
      rollout push health-agent-s
    """
    with session.opened(context, check=False, spread=False) as at, ledger(at) as book:
        settings = at.settings(writes=True)
        made = at.plan(settings, problems=proving.problems(at))
        what = Undertaking(RunCommand.PUSH, made, settings, words, consent, only_waiting=True)
        return carry_out(at, book, what)
