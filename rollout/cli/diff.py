"""`rollout diff`: from what is there to what should be, or from what rollout wrote to what is there."""

from __future__ import annotations

import click
from msgspec.structs import replace

from rollout.cli import session
from rollout.cli.options import common, option
from rollout.cli.session import Session
from rollout.errors import UsageError
from rollout.inventory.choose import near
from rollout.model import plan_document
from rollout.model.plan import Action, Change, State, Step
from rollout.showing import plans
from rollout.showing.diffs import diff_of, paint_diff

_LEFT_OUT = {State.MISSING, State.UNREACHABLE, State.BLOCKED}  # for these the difference alone does not tell everything


@click.command()
@click.argument("target", required=False)
@click.argument("path", required=False)
@option("--base", is_flag=True, help="Show the drift alone: what others changed since rollout wrote the file.")
@option("--offline", is_flag=True, help="Compare with what was last fetched.")
@common
@click.pass_context
def diff(context: click.Context, target: str | None, path: str | None, base: bool, offline: bool) -> int:
    """Show the difference from what is there to what should be.

    \b
    rollout diff
    rollout diff consilio-s
    rollout diff consilio-s CLAUDE.md --base
    """
    with session.opened(context) as at:
        chosen = tuple(t for t in at.loaded.chosen if target is None or t.name == target)
        if not chosen:
            meant = near(target or "", [t.name for t in at.loaded.chosen])
            raise UsageError(f"there is no target {target!r}{meant}; `rollout status` lists them")
        made = at.plan(at.settings(offline=offline), targets=chosen)
        if path is not None and path not in {str(p) for step in made.steps for p in step.managed}:
            known = [step for step in made.steps if step.managed]
            if known:
                raise UsageError(
                    f"{target}: {path!r} is not managed; managed are: {', '.join(map(str, known[0].managed))}"
                )
        left_out = [step for step in made.steps if step.state in _LEFT_OUT]
        pairs = [(step, change) for step in made.steps for change in _shown(step, path, base=base)]
        if at.options.json:
            at.screen.document(
                {"format": "rollout-diff/1", "changes": [
                    {"target": step.target, **plan_document.change_document(step, change, lambda _s, c: diff_of(c))}
                    for step, change in pairs
                ], "left_out": [
                    {"name": step.target, "state": step.state.value, "reason": step.reason} for step in left_out
                ]}
            )  # fmt: skip
        else:
            _print(at, pairs)
            for line in plans.grouped((step.target, f"{step.state}: {step.reason}") for step in left_out):
                at.screen.say(f"rollout: {line}")
        return 1 if left_out else 0


def _shown(step: Step, path: str | None, *, base: bool) -> list[Change]:
    changes = [c for c in step.changes if c.action is not Action.ERROR and path in {None, str(c.path)}]
    if not base:
        return changes
    drifted = [c for c in changes if c.action in {Action.DRIFT, Action.CONFLICT}]
    return [replace(change, before=change.base, after=change.before) for change in drifted]


def _print(at: Session, pairs: list[tuple[Step, Change]]) -> None:
    for step, change in pairs:
        text = diff_of(change, f"{step.target}/a", f"{step.target}/b")
        if text:
            at.screen.data(paint_diff(text, at.screen.paint, "") + "\n")
