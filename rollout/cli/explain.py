"""`rollout explain`: why a file has these lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import click
from msgspec import Struct

from rollout.cli import completing, session
from rollout.cli.options import common, option
from rollout.cli.session import Session
from rollout.content import spelled
from rollout.errors import UsageError, near
from rollout.fleet.explain import Explanation, explanation
from rollout.ledger import ledger
from rollout.model.inputs import Input
from rollout.model.inventory import Target

_VALUE = 60  # characters of a value that are shown


@click.command()
@click.argument("target", shell_complete=completing.targets)
@click.argument("path", shell_complete=completing.paths)
@option("--offline", is_flag=True, help="Explain what was last fetched.")
@common
@click.pass_context
def explain(context: click.Context, target: str, path: str, offline: bool) -> int:
    """Say why a file has these lines: its template, its variables, who wrote it last and who changed it since.

    \b
    Examples:
      rollout explain consilio-s .supervisor-specific/03-machine-config.md
    """
    with session.opened(context, looks=False) as at:
        chosen = _named(at, target)
        found = explanation(at.loaded, chosen, PurePosixPath(path), at.settings(offline=offline))
        at.interrupt.checked()
        inventory = at.loaded.inventory
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            run, commit = book.last_writer(target, path) or (None, None)
        told = _Told(target, path, found, run, found.last_commit or commit)
        if at.options.json:
            at.screen.document(_document(told))
            return 0
        state = _state(at, chosen, found.slot.path, offline=offline)
        at.screen.data("\n".join(_lines(told, state, whole=bool(at.options.verbose))) + "\n")
    return 0


class _Told(Struct, frozen=True):
    """An explanation, with the last run and the last commit that wrote the file."""

    target: str
    path: str
    found: Explanation
    run: str | None
    commit: str | None


def _named(at: Session, name: str) -> Target:
    chosen = next((one for one in at.loaded.inventory.targets if one.name == name), None)
    if chosen is None:
        meant = near(name, [one.name for one in at.loaded.inventory.targets], "`rollout status` lists them")
        raise UsageError(f"there is no target {name!r}{meant}")
    return chosen


def _document(told: _Told) -> dict[str, object]:
    found, slot = told.found, told.found.slot
    return {
        "format": "rollout-explain/1",
        "target": told.target,
        "path": told.path,
        "set": slot.set or None,
        "template": f"templates/{slot.template}" if slot.template else None,
        "rules": [f"templates/{name}" for name in slot.rules],
        "mode": slot.rule.mode.value,
        "variables": [{"name": v.name, "value": v.value, "source": v.source} for v in found.variables],
        "inputs": [{"path": i.path, "target": i.target, "sha256": i.sha256} for i in files_read(found.inputs)],
        "last_run": told.run,
        "last_commit": told.commit,
        "changed_since": list(found.changed_since),
    }


def _lines(told: _Told, state: Iterable[tuple[str, str]], *, whole: bool) -> Iterator[str]:
    found, slot = told.found, told.found.slot
    yield f"{told.target}: {told.path}"
    yield from [f"  rule         templates/{name}" for name in slot.rules] or [
        f"  template     templates/{slot.template} (set {slot.set})" if slot.template else "  template     none"
    ]
    yield f"  mode         {slot.rule.mode.value}" + (f", check: {slot.rule.check}" if slot.rule.check else "")
    for variable in found.variables:
        yield f"  variable     {variable.name} = {_value(variable.value, whole=whole)}  (from {variable.source})"
    yield from [f"  left alone   {found.alone}"] if found.alone else []
    yield from (f"  {label:<12} {words}" for label, words in state)
    yield from (f"  reads        {one.path} of {one.target}" for one in files_read(found.inputs))
    yield f"  last run     {told.run or 'none that is recorded'}"
    yield f"  last commit  {told.commit or 'none of rollout'}"
    yield from [f"  since then   {line}" for line in found.changed_since] or ["  since then   nobody changed it"]


def _value(value: object, *, whole: bool) -> str:
    shown = spelled.as_written(value)
    if len(shown) <= _VALUE or whole:
        return shown
    return f"{shown[:_VALUE]}... ({len(shown) - _VALUE:,} more characters; -v shows them)"


def _state(at: Session, target: Target, path: PurePosixPath, *, offline: bool) -> Iterator[tuple[str, str]]:
    """Yield why a file differs from its template: a run is writing it, or a person wanted that."""
    (step,) = at.plan(at.settings(offline=offline), targets=(target,)).steps
    if step.why.at_work:
        yield "now", step.why.at_work
    if path in step.kept:
        yield "decided", "kept as others left it, until the template changes"
    if path in step.held:
        yield "decided", "held since a revert, until the template changes"
    if path in step.merged:
        yield "decided", "it holds an accepted merge of what others changed, until the template changes"


def files_read(inputs: Iterable[Input]) -> list[Input]:
    """Return the files that a template read: not the patterns, and not missing files."""
    return [one for one in inputs if not one.glob and one.sha256 is not None]
