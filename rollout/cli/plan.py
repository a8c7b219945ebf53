"""`rollout plan`: what apply would do, on the screen, as JSON, or in a file to be reviewed and applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from rollout.cli import forge_hosts, pacing, proving, session
from rollout.cli.options import common, option, out_option, targets
from rollout.cli.run_options import decisions_options
from rollout.cli.session import Session
from rollout.fleet import doubtful_groups, doubtful_values, unread_files
from rollout.machine import files
from rollout.model import plan_document
from rollout.model.action import OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.plan import Change, State, Step
from rollout.showing import next_step, plans
from rollout.showing.diffs import diff_of

_ERRORS = {State.MISSING, State.UNREACHABLE, State.BLOCKED}
_DIFFERENT = {State.PENDING, State.WAITING, State.DRIFT, State.CONFLICT, State.READY_TO_PUSH}


@click.command()
@targets
@out_option(
    "Save the plan, with every byte it would write, for `rollout apply FILE`.",
    "plan",
    r'\A{\s*"format": "rollout-plan/',
)
@option("--diff/--no-diff", default=True, help="Show the differences (default), or only the list of files.")
@option("--offline", is_flag=True, help="Do not contact any remote; plan against what was last fetched.")
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are differences.")
@decisions_options("Plan to take over files that rollout never wrote.", "Plan for drift this way:")
@common
@click.pass_context
def plan(
    context: click.Context,
    out: str | None,
    diff: bool,
    offline: bool,
    detailed_exitcode: bool,
    decisions: Decisions,
) -> int:
    """Show what apply would change; write nothing in any target.

    \b
    Examples:
      rollout plan
      rollout plan supervisors web --no-diff
      rollout plan --out rollout.plan && rollout apply rollout.plan
    """
    with session.opened(context) as at:
        at = forge_hosts.with_known_forges(at, decisions, ask=False)
        for warning in _doubts(at):
            at.screen.warn(warning)
        problems = {} if offline else proving.problems(at)
        made = at.plan(at.settings(offline=offline), decisions, problems=problems)
        made = pacing.shown(at, made, at.settings(offline=offline))
        if out is not None:
            from rollout.model import plan_file

            files.write_named(Path.cwd() / Path(out).expanduser(), plan_file.plan_file(made, diffs(True)))
        if at.options.json:
            at.screen.document(plan_document.plan_document(made, diffs(diff)))
        else:
            then = _next(at, made.steps, out, decisions)
            at.page(plans.plan_text(at.shown(made), at.screen.display, with_diff=diff))
            at.screen.data(plans.ending(made.steps, at.screen.display, then))
            if out is not None:
                at.screen.note(f"Saved as {out}; `rollout apply {out}` writes exactly this.")
        return exit_code(made.steps, detailed=detailed_exitcode)


def _doubts(at: Session) -> Iterator[str]:
    yield from doubtful_groups.doubtful(at.loaded)
    yield from doubtful_values.doubtful(at.loaded, at.options.var)
    yield from unread_files.unread(at.loaded)


def _next(at: Session, steps: tuple[Step, ...], saved: str | None, decisions: Decisions) -> str:
    """Return the next command to run after a plan; "" if nothing needs doing."""
    words = next_step.next_step(steps)
    if words[:1] != ("apply",):
        return at.next(words)
    if saved is not None:
        return at.again("apply", saved)
    how = [decisions.on_drift.value] if decisions.on_drift is not OnDrift.BLOCK else []
    how += [f"{one.path}={one.how.value}" for one in decisions.files]
    decided = [
        *["--adopt"] * decisions.adopt,
        *["--release"] * decisions.release,
        *(word for one in how for word in ("--on-drift", one)),
    ]
    return at.again("apply", *decided) if decided else at.next(words)


def diffs(wanted: bool) -> Callable[[Step, Change], str | None]:
    return lambda _step, change: diff_of(change) if wanted else None


def exit_code(steps: tuple[Step, ...], *, detailed: bool) -> int:
    """Return 1 if a target is blocked or could not be evaluated, 2 for differences if asked to, else 0."""
    if any(step.state in _ERRORS or step.unseen for step in steps):
        return 1
    if detailed and any(step.state in _DIFFERENT for step in steps):
        return 2
    return 0
