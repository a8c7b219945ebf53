"""Hold the checks of `files` against whole files, where the templates say only a part of them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from rollout.content.modes.table import traits
from rollout.model.action import Action
from rollout.model.circumstances import Findings
from rollout.model.files import Desired, File, Managed, Snapshot
from rollout.model.plan import Change


def over(found: Findings, desired: Desired, snapshot: Snapshot) -> Findings:
    """Return the findings, with a file that its check refuses as an error: as it would be, or as it is."""
    to_check = [one for one in desired.managed if one.rule.check is not None and traits(one.mode).partial]
    errors = {change.path: change for change in _errors(found, to_check, snapshot)}
    if not errors:
        return found
    others = [change for change in found.changes if change.path not in errors]
    settled = len(errors) - (len(found.changes) - len(others))
    changes = tuple(sorted((*others, *errors.values()), key=lambda change: change.path))
    return replace(found, changes=changes, in_sync=found.in_sync - settled)


def _errors(found: Findings, to_check: Iterable[Managed], snapshot: Snapshot) -> Iterable[Change]:
    from rollout.rendering.checks import FileChecks  # most targets check nothing so

    checks, changes = FileChecks(), {change.path: change for change in found.changes}
    for item in to_check:
        change, there = changes.get(item.path), snapshot.files.get(item.path)
        before = there if isinstance(there, File) else None
        after = before if change is None else change.after
        left = item.path in (*found.kept, *found.held) or (change is not None and change.action is Action.ERROR)
        if after is None or left:
            continue
        flaw = checks.refused(replace(item, body=after.content, executable=after.executable))
        if flaw is not None:
            error = Change(item.path, Action.ERROR, str(flaw), before, None, decided=False, line=flaw.line)
            yield replace(error, policy=True, rules=item.rules)
