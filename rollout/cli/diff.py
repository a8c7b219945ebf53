"""`rollout diff`: from what is there to what should be, or from what rollout wrote to what is there."""

from __future__ import annotations

from pathlib import PurePosixPath

import click
from msgspec.structs import replace

from rollout.cli import completing, diff_tool, session
from rollout.cli.options import common, option
from rollout.cli.session import Session
from rollout.errors import UsageError, near
from rollout.fleet.load import Loaded
from rollout.inventory import choose
from rollout.model import plan_document
from rollout.model.action import Action
from rollout.model.inventory import Target
from rollout.model.plan import Change, State, Step
from rollout.showing.diffs import diff_of, paint_diff
from rollout.showing.names import grouped, names

_LEFT_OUT = {
    State.MISSING,
    State.UNREACHABLE,
    State.BLOCKED,
}  # in these states the difference alone is not the whole answer


@click.command()
@click.argument("words", nargs=-1, metavar="[TARGET]... [PATH]", shell_complete=completing.targets_and_paths)
@option("--base", is_flag=True, help="Show the drift alone: what others changed since rollout wrote the file.")
@option("--tool", is_flag=True, help="Open each difference in your diff tool (git's: diff.tool).")
@option("--offline", is_flag=True, help="Compare with what was last fetched.")
@common
@click.pass_context
def diff(context: click.Context, words: tuple[str, ...], base: bool, tool: bool, offline: bool) -> int:
    """Show the difference from what is there to what should be.

    The last word is the path of a file unless it names a target.

    \b
    Examples:
      rollout diff
      rollout diff consilio-s health-agent-s
      rollout diff consilio-s CLAUDE.md --base
      rollout diff consilio-s --tool
    """
    with session.opened(context) as at:
        chosen, path = _meant(at.loaded, words)
        made = at.plan(at.settings(offline=offline), targets=chosen)
        if path is not None:
            _managed(made.steps, path, [target.name for target in at.loaded.chosen])
        left_out = [step for step in made.steps if step.state in _LEFT_OUT or step.unseen]
        pairs = [(step, change) for step in made.steps for change in _shown(step, path, base=base)]
        if tool:
            diff_tool.show(at, pairs)
        elif at.options.json:
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
        if not at.options.json:
            told = [(step.target, f"{step.state}: {step.reason}") for step in left_out]
            told += [
                (step.target, step.why.at_work) for step in made.steps if step.why.at_work and step not in left_out
            ]
            for line in grouped(told, whole=at.options.verbose > 0):
                at.screen.say(f"rollout: {line}")
        return 1 if left_out else 0


def _meant(loaded: Loaded, words: tuple[str, ...]) -> tuple[tuple[Target, ...], str | None]:
    """Return the targets and the path that the words of the command line name."""
    targets, groups = loaded.chosen, loaded.inventory.groups
    if words and not choose.named(targets, words[-1]) and (len(words) > 1 or _is_path(loaded, words[-1])):
        return choose.select(targets, words[:-1], groups), str(PurePosixPath(words[-1]))
    return choose.select(targets, words, groups), None


def _is_path(loaded: Loaded, word: str) -> bool:
    """Tell whether a target manages a path of this name."""
    path = PurePosixPath(word)
    return any(slot.path == path for target in loaded.chosen for slot in loaded.rendering.slots(target))


def _managed(steps: tuple[Step, ...], path: str, targets: list[str]) -> None:
    """Raise UsageError for a path that none of the targets has, if any could be read."""
    paths = list(dict.fromkeys(str(managed) for step in steps for managed in step.managed))
    if paths and path not in paths:
        meant = near(path, [*paths, *targets], f"managed are: {', '.join(paths)}")
        about = names([step.target for step in steps])
        raise UsageError(f"{about}: {path!r} is not managed{meant}")


def _shown(step: Step, path: str | None, *, base: bool) -> list[Change]:
    changes = [c for c in step.changes if c.action is not Action.ERROR and path in {None, str(c.path)}]
    if not base:
        return changes
    drifted = [c for c in changes if c.action in {Action.DRIFT, Action.CONFLICT}]
    drifted += [c for c in step.changed_on_hold if path in {None, str(c.path)}]
    return [replace(change, before=change.base, after=change.before) for change in drifted]


def _print(at: Session, pairs: list[tuple[Step, Change]]) -> None:
    texts = (diff_of(change, f"{step.target}/a", f"{step.target}/b") for step, change in pairs)
    at.page("".join(paint_diff(text, at.screen.paint, "") + "\n" for text in texts if text))
