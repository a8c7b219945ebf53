"""`rollout explain`: why a file has these lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import click

from rollout.cli import completing, session
from rollout.cli.options import common, option
from rollout.cli.session import Session
from rollout.errors import UsageError, near
from rollout.fleet.explain import explanation
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
        chosen = next((t for t in at.loaded.inventory.targets if t.name == target), None)
        if chosen is None:
            meant = near(target, [t.name for t in at.loaded.inventory.targets], "`rollout status` lists them")
            raise UsageError(f"there is no target {target!r}{meant}")
        found = explanation(at.loaded, chosen, PurePosixPath(path), at.settings(offline=offline))
        inventory = at.loaded.inventory
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            writer = book.last_writer(target, path)
        last_run = writer[0] if writer else None
        commit = found.last_commit or (writer[1] if writer else None)
        slot = found.slot
        if at.options.json:
            at.screen.document(
                {
                    "format": "rollout-explain/1",
                    "target": target,
                    "path": path,
                    "set": slot.set or None,
                    "template": f"templates/{slot.template}" if slot.template else None,
                    "rules": [f"templates/{name}" for name in slot.rules],
                    "mode": slot.rule.mode.value,
                    "variables": [{"name": v.name, "value": v.value, "source": v.source} for v in found.variables],
                    "inputs": [
                        {"path": one.path, "target": one.target, "sha256": one.sha256}
                        for one in files_read(found.inputs)
                    ],
                    "last_run": last_run,
                    "last_commit": commit,
                    "changed_since": list(found.changed_since),
                }
            )
            return 0
        lines = [f"{target}: {path}"]
        lines += [f"  rule         templates/{name}" for name in slot.rules] or [
            f"  template     templates/{slot.template} (set {slot.set})" if slot.template else "  template     none"
        ]
        lines.append(
            f"  mode         {slot.rule.mode.value}" + (f", check: {slot.rule.check}" if slot.rule.check else "")
        )
        for variable in found.variables:
            shown = json.dumps(variable.value, ensure_ascii=False)
            if len(shown) > _VALUE and not at.options.verbose:
                shown = f"{shown[:_VALUE]}... ({len(shown) - _VALUE:,} more characters; -v shows them)"
            lines.append(f"  variable     {variable.name} = {shown}  (from {variable.source})")
        lines += [f"  left alone   {found.alone}"] if found.alone else []
        lines += [f"  decided      {words}" for words in _decided(at, chosen, slot.path, offline=offline)]
        lines += [f"  reads        {one.path} of {one.target}" for one in files_read(found.inputs)]
        lines.append(f"  last run     {last_run or 'none that is recorded'}")
        lines.append(f"  last commit  {commit or 'none of rollout'}")
        lines += [f"  since then   {line}" for line in found.changed_since] or ["  since then   nobody changed it"]
        at.screen.data("\n".join(lines) + "\n")
    return 0


def _decided(at: Session, target: Target, path: PurePosixPath, *, offline: bool) -> Iterator[str]:
    """Yield why a file differs from its template where a person wanted that."""
    (step,) = at.plan(at.settings(offline=offline), targets=(target,)).steps
    if path in step.kept:
        yield "kept as others left it, until the template changes"
    if path in step.held:
        yield "held since a revert, until the template changes"


def files_read(inputs: Iterable[Input]) -> list[Input]:
    """Return the files that a template read: not the patterns, and not missing files."""
    return [one for one in inputs if not one.glob and one.sha256 is not None]
