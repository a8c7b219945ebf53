"""`rollout plan`: what apply would do, on the screen, as JSON, or in a file to be reviewed and applied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from rollout.cli import proving, session
from rollout.cli.options import common, option
from rollout.cli.session import Session
from rollout.machine import files
from rollout.model import plan_document, plan_file
from rollout.model.circumstances import Decisions
from rollout.model.plan import Change, OnDrift, State, Step
from rollout.showing import diffs as show_diffs
from rollout.showing import plans

_ERRORS = {State.MISSING, State.UNREACHABLE, State.BLOCKED}

_DIFFERENT = {State.PENDING, State.WAITING, State.DRIFT, State.CONFLICT, State.READY_TO_PUSH}


@click.command()
@option("--out", metavar="FILE", help="Save the plan, with every byte it would write, for `rollout apply FILE`.")
@option("--diff/--no-diff", default=True, help="Show the differences (default), or only the list of files.")
@option("--offline", is_flag=True, help="Do not contact any remote; plan against what was last fetched.")
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are differences.")
@option("--adopt", is_flag=True, help="Plan to take over files that rollout never wrote.")
@option("--on-drift", type=click.Choice([d.value for d in OnDrift]), default="block", help="Plan for drift this way.")
@common
@click.pass_context
def plan(
    context: click.Context,
    out: str | None,
    diff: bool,
    offline: bool,
    detailed_exitcode: bool,
    adopt: bool,
    on_drift: str,
) -> int:
    """Show what apply would change; write nothing in any target.

    \b
    rollout plan
    rollout plan --limit supervisors --no-diff
    rollout plan --out rollout.plan && rollout apply rollout.plan
    """
    with session.opened(context) as at:
        problems = {} if offline else proving.problems(at)
        made = at.plan(at.settings(offline=offline), Decisions(adopt, OnDrift(on_drift)), problems=problems)
        decided = (*(["--adopt"] if adopt else []), *(["--on-drift", on_drift] if on_drift != "block" else []))
        if out is not None:
            files.write_whole(Path.cwd() / Path(out).expanduser(), plan_file.plan_file(made, diffs(True)))
        if at.options.json:
            at.screen.document(plan_document.plan_document(made, diffs(diff)))
        else:
            then = _next(at, made.steps, out, decided)
            whole = at.options.verbose > 0
            at.screen.data(plans.plan_text(made, at.screen.paint, with_diff=diff, whole=whole, then=then))
            if out is not None:
                at.screen.note(f"Saved as {out}; `rollout apply {out}` writes exactly this.")
        return exit_code(made.steps, detailed=detailed_exitcode)


def _next(at: Session, steps: tuple[Step, ...], saved: str | None, decided: tuple[str, ...]) -> str:
    """Return the command line to go on with after a plan; "" where there is nothing to be done."""
    words = plans.next_step(steps)
    if words[:1] != ("apply",):
        return at.again(*words) if words else ""
    if saved is not None:
        return at.again("apply", saved)
    return at.again("apply", *(decided or words[1:]))


def diffs(wanted: bool) -> Callable[[Step, Change], str | None]:
    return lambda _step, change: show_diffs.diff(change) if wanted else None


def exit_code(steps: tuple[Step, ...], *, detailed: bool) -> int:
    """Return 1 for what could not be evaluated or is blocked, 2 for differences when asked for, else 0."""
    if any(step.state in _ERRORS for step in steps):
        return 1
    if detailed and any(step.state in _DIFFERENT for step in steps):
        return 2
    return 0
