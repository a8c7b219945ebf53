"""The changes that undo a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.model.circumstances import Circumstances
from rollout.model.files import Desired, File, Obstacle, Snapshot, fingerprint
from rollout.model.inventory import Target
from rollout.model.outcomes import CHANGED, Outcome
from rollout.model.plan import Action, Change, State, Step
from rollout.model.reasons import said


def undone(
    target: Target,
    outcome: Outcome,
    snapshot: Snapshot,
    before: dict[PurePosixPath, File | None],
    circumstances: Circumstances,
) -> Step:
    """Return the step that undoes an outcome."""
    files, revision, fault = snapshot.files, snapshot.revision, circumstances.identity_fault
    changed = [p.path for p in outcome.paths if fingerprint(files.get(PurePosixPath(p.path))) != p.after]
    back = [p.path for p in outcome.paths if fingerprint(files.get(PurePosixPath(p.path))) == p.before]
    if changed and len(back) == len(outcome.paths):
        return Step(target.name, target.location, State.IN_SYNC, said("it is as before the run already"), revision)
    if changed:
        reason = f"{', '.join(changed[:3])} changed since the run; mend it by hand or with the templates"
        return Step(target.name, target.location, State.BLOCKED, said(reason), revision)
    changes = tuple(_changes(before, files))
    return Step(
        target=target.name,
        location=target.location,
        state=State.BLOCKED if fault else State.PENDING if changes else State.IN_SYNC,
        why=said(fault or ""),
        base=revision,
        changes=changes,
        managed={change.path: fingerprint(change.before) for change in changes},
        identity=circumstances.identity,
        author=circumstances.author,
    )


def _changes(
    before: dict[PurePosixPath, File | None], files: Mapping[PurePosixPath, File | Obstacle | None]
) -> Iterable[Change]:
    for path, old in before.items():
        now = files.get(path)
        if isinstance(now, Obstacle) or now == old:
            continue
        action = Action.CREATE if now is None else Action.DELETE if old is None else Action.UPDATE
        if now is not None and old is not None and now.content == old.content:
            action = Action.CHMOD
        yield Change(path, action, "revert", now, old)


def on_hold(step: Step, desired: Desired) -> Step:
    """Return a step after whose changes the files stay, as long as the templates ask for what they ask for now."""
    asks = {item.path: item.asks for item in desired.managed}
    changes = (replace(one, hold=one.path in asks, asks=asks.get(one.path)) for one in step.changes)
    return replace(step, changes=tuple(changes))


def holds_after(steps: Iterable[Step], outcomes: Iterable[Outcome]) -> list[str]:
    """Return the targets that a run has put on hold."""
    holding = {step.target for step in steps if any(change.hold for change in step.changes)}
    return [outcome.target for outcome in outcomes if outcome.target in holding and outcome.verdict in CHANGED]
