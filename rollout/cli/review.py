"""`rollout review`: the open reviews of all targets, and one action on many of them."""

from __future__ import annotations

import os
import sys
from functools import partial

import click

from rollout.cli import session
from rollout.cli.carry_out import ledger
from rollout.cli.options import common, message_option, option
from rollout.cli.recording import Recording
from rollout.cli.session import Session
from rollout.errors import Refused, UsageError
from rollout.fleet import reviews
from rollout.fleet.reviews import CONDITIONS, Act, FoundReview, ReviewAction
from rollout.ledger.ledger import Ledger
from rollout.machine import clock
from rollout.model.outcomes import Outcome, Run, RunCommand, Verdict
from rollout.model.plan import Step
from rollout.showing.colour import count
from rollout.showing.review_table import review_document, review_table
from rollout.work import threads

_AT_ONCE = 4  # reviews to work on at once: forges throttle more
_WANTED = {Act.MERGE: "merge", Act.CLOSE: "close", Act.COMMENT: "comment on"}


@click.command()
@click.argument("action", type=click.Choice(["list", *(act.value for act in Act)]), default="list")
@option(
    "--state",
    "states",
    type=click.Choice(list(CONDITIONS)),
    multiple=True,
    help="Only reviews in this state (all of them).",
)
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("--force", is_flag=True, help="Also merge reviews that are not green or not approved.")
@message_option("The comment; with close, the reason.")
@common
@click.pass_context
def review(
    context: click.Context, action: str, states: tuple[str, ...], yes: bool, force: bool, message: str | None
) -> int:
    """List the open reviews, or merge, close or comment on many of them.

    \b
    Examples:
      rollout review
      rollout review merge --state green --state approved --limit supervisors
      rollout review close --message "Superseded by the new rules." --yes
    """
    if action == Act.COMMENT and not message:
        raise UsageError.of("rollout review comment", "takes --message TEXT")
    wanted = [CONDITIONS[state] for state in states]
    with session.opened(context, spread=False) as at:
        if action == "list":
            steps = _steps(at)
            unopened = (
                [] if wanted else [(step.target, at.on_screen(step.why).text) for step in reviews.unopened(steps)]
            )
            return _listed(at, list(reviews.found(steps, wanted)), unopened)
        with ledger(at) as book:
            order = ReviewAction(Act(action), at.settings(writes=True), message or "", force)
            return _acted(at, book, order, list(reviews.found(_steps(at), wanted)), yes=yes)


def _steps(at: Session) -> tuple[Step, ...]:
    return at.plan(at.settings(), from_memory=False).steps


def _listed(at: Session, found: list[FoundReview], unopened: list[tuple[str, str]]) -> int:
    rows = [(one.step.target, one.review) for one in found]
    if at.options.json:
        at.screen.document(review_document(rows, unopened))
    else:
        at.screen.data(review_table(rows, unopened, at.screen.display.width))
    return 0


def _acted(at: Session, book: Ledger, order: ReviewAction, found: list[FoundReview], *, yes: bool) -> int:
    if found and not yes:
        _ask(at, order, found)
    run = Run(clock.new_id(), RunCommand.REVIEW, clock.now_exact(), clock.epoch(), "")
    book.start(run, os.uname().nodename)
    recording = Recording(at, book, run)
    outcomes: list[Outcome] = []
    if at.options.json:
        at.screen.event(
            type="run_start", run=run.id, time=clock.now(), command=f"review {order.act}", targets=len(found)
        )
    for _, outcome in threads.run(
        partial(reviews.done, order), found, _AT_ONCE, at.interrupt.stop, idle=recording.flush_when_due
    ):
        outcomes.append(outcome)
        recording.add(outcome)
    recording.flush()
    at.interrupt.checked()
    code = 3 if any(one.verdict in {Verdict.BLOCKED, Verdict.FAILED} for one in outcomes) else 0
    book.finish(run, code)
    if at.options.json:
        counts = {verdict.value: sum(one.verdict is verdict for one in outcomes) for verdict in Verdict}
        given = {verdict: number for verdict, number in counts.items() if number}
        at.screen.event(type="run_summary", run=run.id, time=clock.now(), counts=given, exit_code=code)
    else:
        for outcome in outcomes:
            at.screen.data(f"{outcome.target}: {outcome.told}\n")
        at.screen.data("" if outcomes else "No reviews.\n")
    return code


def _ask(at: Session, order: ReviewAction, found: list[FoundReview]) -> None:
    """Ask once, with no as the default; raise Refused if there is no terminal or the answer is no."""
    what = f"{_WANTED[order.act]} {count(len(found), 'review')}"
    if at.options.json or not sys.stdin.isatty():
        raise Refused(f"would {what}, but there is no terminal to ask on; add --yes to go ahead")
    at.screen.clear()
    with at.interrupt.at_once():
        agreed = at.screen.agreed(f"{what.capitalize()}?")
    if not agreed:
        raise Refused("cancelled; nothing was changed")
