"""`rollout apply`: a plan, a question, a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from rollout.cli import completing, forge_hosts, proving, session
from rollout.cli.answers import Answers, Circle
from rollout.cli.carry_out import Undertaking, carry_out, ledger, reviewed
from rollout.cli.options import common, limit
from rollout.cli.run_options import Consent, Reach, consent_options, decisions_options, reach_options, words_options
from rollout.cli.session import Session
from rollout.errors import UsageError
from rollout.fleet import doubtful_values
from rollout.inventory import choose
from rollout.model.circumstances import Decisions
from rollout.model.outcomes import RunCommand
from rollout.objects.messages import CommitWords


def _told_apart(context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> str | None:
    """Return the plan file among the words: a file that exists, or a path; the other words name targets."""
    files = [word for word in words if "/" in word or Path(word).is_file()]
    if len(files) > 1:
        raise click.UsageError(f"apply takes one plan file, not {', '.join(files)}")
    limit(context, tuple(word for word in words if word not in files))
    return files[0] if files else None


@click.command()
@click.argument(
    "said",
    nargs=-1,
    metavar="[PLANFILE] [TARGET]...",
    callback=_told_apart,
    shell_complete=completing.plans_and_targets,
)
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
    said: str | None,
    consent: Consent,
    reach: Reach,
    decisions: Decisions,
    words: CommitWords,
) -> int:
    """Commit, push and write what the plan says, after asking.

    A word that is a file here, or has a slash, is a saved plan; the others name targets.

    \b
    Examples:
      rollout apply
      rollout apply consilio-s health-agent-s
      rollout apply rollout.plan --yes
      rollout apply --no-push --message "Event store migration"
    """
    answers = Answers()
    while True:
        with _opened(context) as known, ledger(known) as book:
            at = forge_hosts.with_known_forges(known, decisions, ask=not consent.yes)
            settings = at.settings(offline=reach.offline, push=reach.push, writes=True)
            if said is not None:
                made, asked = reviewed(at, book, said, settings, answers.over(decisions)), True
                circle = Circle(settings, decisions, saved=True)
            else:
                problems = {} if reach.offline else proving.problems(at)
                made, asked = at.plan(settings, answers.over(decisions), problems=problems), False
                circle = Circle(settings, decisions, problems)
            if not consent.yes:
                from rollout.cli import asking

                made = asking.decided(at, made, answers, circle)
            if answers.again():
                continue  # a template changed, so we look at everything again
            what = Undertaking(RunCommand.APPLY, made, settings, words, consent, not asked, False, asked,
                               reach.last_wave, bool(answers.skipped), answers.so_far)  # fmt: skip
            return carry_out(at, book, what)


@contextmanager
def _opened(context: click.Context) -> Iterator[Session]:
    """Open the inventory; raise UsageError for a word with a dot that may mean a plan file that does not exist."""
    try:
        with session.opened(context, check=False) as at:
            for warning in doubtful_values.doubtful(at.loaded, at.options.var):
                at.screen.warn(warning)
            yield at
    except choose.NoTarget as error:
        if "." not in error.word or error.meant:
            raise
        make = f"make a plan with: rollout plan --out {error.word}"
        raise UsageError.at(error.word, "matches no target and no group, and no such file is here", make) from error
