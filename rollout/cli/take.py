"""`rollout take`: a person's change of a managed file back into its template."""

from __future__ import annotations

import shlex
import sys
from pathlib import PurePosixPath

import click
from msgspec.structs import replace

from rollout.cli import session
from rollout.cli.options import common, option
from rollout.cli.session import Session
from rollout.errors import Refused, RolloutError, UsageError, near
from rollout.fleet import take as taking
from rollout.fleet.take import TakeRequest, Taking
from rollout.inventory.read import Overrides
from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions, FileDecision
from rollout.model.files import File, Slot
from rollout.model.inventory import SetWhere, Target
from rollout.model.plan import Change, State, Step
from rollout.planning.keeping import WAITING
from rollout.rendering.formatters import Formatters
from rollout.showing.diffs import diff_of, paint_diff
from rollout.showing.names import names

_UNKNOWN = {State.MISSING, State.UNREACHABLE}


@click.command()
@click.argument("target")
@click.argument("path")
@option("--set", "where", flag_value="set", help="Set variables for this target alone.")
@option("--set-all", "where", flag_value="set-all", help="Set variables where they are set now.")
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("--offline", is_flag=True, help="Take what was last fetched.")
@common
@click.pass_context
def take(context: click.Context, target: str, path: str, where: str | None, yes: bool, offline: bool) -> int:
    """Take a person's change of a managed file back into its template, after asking.

    Where the changed lines come from the template's own text, the template is changed; where they come from a
    variable, it says which one, and --set or --set-all sets it.

    \b
    Examples:
      rollout take consilio-s AGENTS.md
      rollout take consilio-s AGENTS.md --set
    """
    with session.opened(context, looks=False) as at:
        chosen = _target(at, target)
        slot = _slot(at, chosen, PurePosixPath(path))
        step = _looked(at, chosen, slot, offline=offline)
        change = next((one for one in step.changes if one.path == slot.path), None)
        if change is None:
            return _nothing(at, chosen, slot.path, step)
        what = asked(at, chosen, slot, step, change)
        what = replace(what, where=None if where is None else SetWhere(where))
        found = taking.take(at.loaded, what, at.settings(offline=offline))
        if not (found.values or taking.changes(at.loaded, found)):
            return _said_already(at, chosen, slot, found)
        show(at, chosen, slot.path, found)
        if found.values and where is None:
            raise Refused(*unset(at, chosen, slot, found))
        return written(at, chosen, found, yes=yes)


def _nothing(at: Session, target: Target, path: PurePosixPath, step: Step) -> int:
    """Say that nobody changed what the template says, and why."""
    why = _why_nothing(step, path)
    if at.options.json:
        as_told = _is_read(step, path) and path not in step.merged
        at.screen.document({**_document(at, target, Taking({}), reason=why), "in_sync": as_told})
    else:
        at.screen.data(f"{target.name}: {path}: there is nothing to take: {why}.\n")
    return 0


def _why_nothing(step: Step, path: PurePosixPath) -> str:
    """Return why there is nothing to take, and what stands in the checkout alone: only upstream is looked at."""
    if not _is_read(step, path):
        return f"it is left alone ({step.reason})"
    if path in step.merged:
        return "it holds an accepted merge, until the template changes"
    here = next((one for one in step.checkout if one.path == path), None)
    if here is None or not (step.ahead or here.edit):  # the checkout only lags
        return "it is as its template says"
    return f"it is as its template says, but not in the checkout ({here.words}): push first what you did there"


def _target(at: Session, name: str) -> Target:
    found = next((one for one in at.loaded.chosen if one.name == name), None)
    if found is None:
        meant = near(name, [one.name for one in at.loaded.chosen])
        raise UsageError(f"there is no target {name!r}{meant}; `rollout status` lists them")
    return found


def _slot(at: Session, target: Target, path: PurePosixPath) -> Slot:
    slots = at.loaded.rendering.slots(target)
    found = next((slot for slot in slots if slot.path == path), None)
    if found is None:
        meant = near(str(path), [str(slot.path) for slot in slots])
        raise UsageError(f"{target.name}: no template set names {path}, so rollout never touches it{meant}")
    return found


def _looked(at: Session, target: Target, slot: Slot, *, offline: bool) -> Step:
    """Look at the target, including files that are kept or held; raise RolloutError where the file cannot be read."""
    plain = Decisions(files=(FileDecision(slot.path, OnDrift.BLOCK),))
    (step,) = at.plan(at.settings(offline=offline), plain, (target,), from_memory=False).steps
    if step.state in _UNKNOWN or (step.state is State.BLOCKED and not _is_read(step, slot.path)):
        raise RolloutError(f"{target.name}: {step.state}: {step.reason}")
    return step


def _is_read(step: Step, path: PurePosixPath) -> bool:
    """Tell whether the file was looked at: what blocks a target may come before that."""
    return path in step.managed or any(change.path == path for change in step.changes)


def asked(at: Session, target: Target, slot: Slot, step: Step, change: Change) -> TakeRequest:
    """Return what to take; raise Refused for a file that nobody changed."""
    if change.action is Action.ERROR:
        raise Refused(f"{target.name}: {change.told}")
    if change.action not in WAITING:
        raise Refused(f"{target.name}: {slot.path}: nobody changed it ({change.cause}); rollout apply writes it")
    desired = Formatters().over(at.loaded.rendering.desired(target))
    item = next((one for one in desired.managed if one.path == slot.path), None)
    if item is None:
        raise Refused(f"{target.name}: {slot.path}: its template reads files; change it by hand")
    overrides = Overrides(at.options.root, at.options.var)
    return TakeRequest(target, slot, item, change, step, overrides=overrides)


def unset(at: Session, target: Target, slot: Slot, found: Taking) -> list[str]:
    """Show for each variable where it is set, the value that it would need, and how to set it."""
    lines = [
        f"{value.name} would have to be {value.new!r}; it is {str(value.old)!r}, set by {value.source}"
        for value in found.values
    ]
    words = [target.name, str(slot.path)]
    own, everywhere = at.again("take", *words, "--set"), at.again("take", *words, "--set-all")
    return [*lines, f"nothing was changed; {own} sets it for {shlex.quote(target.name)}; {everywhere} where it is set"]


def show(at: Session, target: Target, path: PurePosixPath, found: Taking) -> None:
    """Show what would be written, and which targets' files change by it."""
    if at.options.json:
        return
    for change in _diffs(at, found):
        at.screen.data(paint_diff(diff_of(change), at.screen.paint, "") + "\n")
    if found.also:
        paths = names([str(path) for path in found.also], whole=at.options.verbose > 0)
        at.screen.data(f"This changes {paths} of {target.name}, too.\n")
    if found.others:
        at.screen.data(f"This changes {names(found.others, whole=at.options.verbose > 0)}, too.\n")
    if found.unchecked:
        where = names(found.unchecked, whole=at.options.verbose > 0)
        at.screen.data(f"Its check judges whole files: rollout plan tries it on {path} of {where}.\n")
    if found.left is not None:
        writes = _writes(at, target, found.left)
        at.screen.data(
            f"{path} of {target.name} still differs: its template had changed, too; {writes} writes both changes.\n"
        )


def _writes(at: Session, target: Target, left: Change) -> str:
    """Return the command that writes what a file still needs; what the person did is in its template by then."""
    decides = ("--on-drift", f"{left.path}=overwrite") if left.action in WAITING else ()
    return at.again("apply", target.name, *decides)


def _said_already(at: Session, target: Target, slot: Slot, found: Taking) -> int:
    """Say that the template needs no change, and what writes the rest of it."""
    if at.options.json:
        at.screen.document(_document(at, target, found, reason="its template says it"))
        return 0
    writes = "" if found.left is None else f", and more; {_writes(at, target, found.left)}"
    at.screen.data(f"{target.name}: {slot.path}: there is nothing left to take: its template says it{writes}\n")
    return 0


def _diffs(at: Session, found: Taking) -> list[Change]:
    """Return what to write, as changes of files."""
    made = [replace(one, path=PurePosixPath("templates") / one.path) for one in taking.changes(at.loaded, found)]
    if found.inventory is not None:
        before, after = map(File, found.inventory)
        made.append(Change(PurePosixPath(at.loaded.inventory.path.name), Action.UPDATE, "", before, after))
    return made


def written(at: Session, target: Target, found: Taking, *, yes: bool) -> int:
    """Write what was found, after asking."""
    if not yes:
        if at.options.json:
            at.screen.document(_document(at, target, found))
            return 0
        if not sys.stdin.isatty():
            raise Refused("take would change templates or the inventory, but there is no terminal; add --yes")
        with at.interrupt.at_once():
            if not at.screen.agreed("Change this?"):
                raise Refused("cancelled; nothing was changed")
    for note in taking.write(at.loaded, found, at.state):
        at.screen.warn(note)
    if at.options.json:
        at.screen.document(_document(at, target, found, written=True))
    at.screen.note(f"Taken; {at.again('plan')} shows what others need.")
    return 0


def _document(
    at: Session, target: Target, found: Taking, *, written: bool = False, reason: str = ""
) -> dict[str, object]:
    return {
        "format": "rollout-take/1",
        "target": target.name,
        "changes": [{"path": str(change.path), "diff": diff_of(change)} for change in _diffs(at, found)],
        "variables": [
            {"name": value.name, "new": value.new, "source": str(value.source)} for value in found.values
        ],
        "others": list(found.others),
        "also": [str(path) for path in found.also],
        "unchecked": list(found.unchecked),
        "in_sync": found.left is None,
        "written": written,
        "reason": reason,
    }  # fmt: skip
