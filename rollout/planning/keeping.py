"""Files that others changed and that a person decides to keep as they are, until the template changes."""

from __future__ import annotations

from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.content.modes.mode import Situation
from rollout.content.modes.table import strategy, traits
from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions, Findings
from rollout.model.files import Desired, File, Managed, Snapshot, fingerprint
from rollout.model.inventory import Mode
from rollout.model.plan import Change
from rollout.planning.drift import told

WAITING = frozenset({Action.DRIFT, Action.ADOPT, Action.CONFLICT})  # what waits for a person's decision


def waiting(found: Findings) -> list[PurePosixPath]:
    """Return the files that wait for a person's decision, or will do so when they are on hold no more."""
    return [*(one.path for one in found.changes if one.action in WAITING), *(one.path for one in found.changed_on_hold)]


def stays(item: Managed, actual: File | None, noted: str | None, decisions: Decisions) -> bool:
    """Tell whether a file was kept, or its merge accepted, and that decision still holds.

    Only a decision about this file ends that; one about all files does not.
    """
    if noted is None or decisions.named(item.path) is not None:
        return False
    return noted in {item.asks, _merged(item.asks, actual)}


def _merged(asks: str, there: File | None) -> str:
    """Return the note of a merge that leaves a file as it is: it holds for this content alone."""
    return f"{asks}={fingerprint(there)}"


def on_hold(item: Managed, noted: str | None, decisions: Decisions) -> bool:
    """Tell whether a file was reverted, and nobody has changed its template or released it since."""
    return _is_held(item, noted, decisions) and not decisions.release


def released_alone(item: Managed, noted: str | None, decisions: Decisions) -> bool:
    """Tell whether a file would be on hold, had nobody released all: a decision about it needs that again."""
    return _is_held(item, noted, decisions) and decisions.release


def _is_held(item: Managed, noted: str | None, decisions: Decisions) -> bool:
    return noted is not None and noted == item.asks and decisions.named(item.path) is None


def goes_back(at: Situation) -> bool:
    """Tell whether what others did can be put into the template."""
    mode, actual = at.item.mode, at.actual
    return traits(mode).taken_back and actual is not None and strategy(mode).part(at.item, actual) is not None


def changed_on_hold(at: Situation, change: Change, snapshot: Snapshot) -> Change | None:
    """Return what others did to a file that was reverted, if that will wait for a decision."""
    if change.action not in WAITING or change.path in snapshot.given_back:
        return None
    return told(replace(change, goes_back=goes_back(at)), snapshot.changed_by.get(change.path))


def released(item: Managed, snapshot: Snapshot, decisions: Decisions) -> Decisions:
    """Return the decisions about a file: one that is as a revert left it, and is released, is written over again."""
    noted, back = snapshot.held.get(item.path), item.path in snapshot.given_back
    if not (decisions.release and back and noted == item.asks):
        return decisions
    return replace(decisions, adopt=True, on_drift=OnDrift.OVERWRITE)


def kept(change: Change, asks: str, decisions: Decisions) -> Change:
    """Return a change that waits for a decision; it is decided if the decision is to keep the file.

    A merge that leaves the file as it is has nothing to write, and so is noted as a file that is kept.
    """
    if change.decided and change.template is not None and change.idle:
        cause = f"{change.cause}, which leaves it as it is"
        return replace(change, asks=_merged(asks, change.before), keep=True, template=None, cause=cause)
    if change.decided and change.action is Action.DRIFT and change.template is None:
        return replace(overwritten(change), asks=asks)
    named = decisions.named(change.path)
    how = named if change.action is Action.ADOPT else named or decisions.on_drift
    if how is not OnDrift.KEEP:
        return replace(change, asks=asks)
    text = decisions.edited(change.path)
    after = change.before if text is None else File(text, change.before is not None and change.before.executable)
    cause = f"{change.cause}; it is kept" + (" as it was edited" if text is not None else "")
    return replace(change, asks=asks, keep=True, decided=True, after=after, cause=cause)


def overwritten(change: Change) -> Change:
    """Return a change of others that is decided: what the template says is written over it."""
    what = "deleted" if change.after is None else "put back" if change.before is None else "overwritten"
    return replace(change, decided=True, cause=f"{change.cause}; it is {what}")


def as_kept(desired: Desired, snapshot: Snapshot, found: Findings) -> Desired:
    """Return what a checkout should have: for a kept file, what upstream has."""
    kept = {*found.kept, *found.held, *(change.path for change in found.changes if change.keep)}
    if not kept:
        return desired
    return replace(
        desired, managed=tuple(_there(one, snapshot) if one.path in kept else one for one in desired.managed)
    )


def _there(item: Managed, snapshot: Snapshot) -> Managed:
    there = snapshot.files.get(item.path)
    if not isinstance(there, File):
        return replace(item, mode=Mode.ABSENT, body=b"")
    return replace(item, mode=Mode.WHOLE, body=there.content, executable=there.executable)
