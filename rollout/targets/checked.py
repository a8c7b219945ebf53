"""Hold what is written against the checks, policies and bounds of `files`, where it is not what a template rendered."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from rollout.content.modes.table import strategy, traits
from rollout.model.action import Action
from rollout.model.circumstances import Decisions, Findings
from rollout.model.files import Desired, File, Managed, Snapshot
from rollout.model.inventory import Secrets
from rollout.model.plan import Change
from rollout.planning import steps
from rollout.safety.flaw import Flaw
from rollout.safety.secrets import NamedSecrets


def over(found: Findings, desired: Desired, snapshot: Snapshot, hidden: NamedSecrets | None = None) -> Findings:
    """Return the findings, with a file that may not be written, or that its check refuses as it is, as an error.

    `hidden` is what must not get into a repository; None for a folder, which may hold secrets.
    """
    to_check = [one for one in desired.managed if one.rule.check is not None and traits(one.mode).partial]
    errors = {change.path: change for change in _errors(found, to_check, snapshot)}
    errors |= {change.path: change for change in _of_persons(found, desired, snapshot, hidden)}
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
            yield _error(item, before, flaw)


def _error(item: Managed, before: File | None, flaw: Flaw) -> Change:
    error = Change(item.path, Action.ERROR, str(flaw), before, None, decided=False, line=flaw.line)
    return replace(error, policy=True, rules=item.rules)


def _of_persons(found: Findings, desired: Desired, snapshot: Snapshot, hidden: NamedSecrets | None) -> Iterable[Change]:
    """Yield an error for each text that a person edited or that was merged with theirs, and that may not be written."""
    changes = {one.path: one for one in found.changes if one.decided and not one.idle and (one.keep or one.template)}
    for item in desired.managed if changes else ():
        change = changes.get(item.path)
        if change is not None and change.after is not None:
            flaw = _flaw(item, change.before, change.after, hidden)
            if flaw is not None:
                yield _error(item, change.before, flaw)
            elif (unreadable := _unreadable(item, change.after, desired, snapshot)) is not None:
                yield replace(unreadable, before=change.before, policy=True)


def _flaw(item: Managed, before: File | None, after: File, hidden: NamedSecrets | None) -> Flaw | None:
    """Say why a text may not be written; what others have in the rest of a file that is theirs is their own affair."""
    from rollout.content import policies, policy
    from rollout.rendering.checks import FileChecks
    from rollout.safety import secrets

    theirs = b"" if before is None else before.content
    flaw = policies.broken(after.content, item.rule, item.path)
    if flaw is not None and not (traits(item.mode).partial and policies.broken(theirs, item.rule, item.path)):
        return flaw
    if hidden is not None and item.rule.secrets is not Secrets.ALLOW and not secrets.fault(theirs, hidden):
        flaw = secrets.fault(after.content, hidden)
        if flaw is not None:
            return flaw
    nothing = strategy(item.mode).text_fault(item, after.content)
    bound = policy.policy_fault(after.content, item.rule) if nothing is None else Flaw(nothing)
    if bound is not None or traits(item.mode).partial:  # of a part, the check was for the file already
        return bound
    return FileChecks().refused(replace(item, body=after.content, executable=after.executable))


def _unreadable(item: Managed, after: File, desired: Desired, snapshot: Snapshot) -> Change | None:
    """Return the error of the next look at a file, if that could not be one, as where a document does not parse."""
    then = replace(snapshot, files={**snapshot.files, item.path: after})
    alone = replace(desired, managed=(item,), problems=())
    changes = steps.findings(alone, then, Decisions()).changes
    return next((one for one in changes if one.action is Action.ERROR), None)
