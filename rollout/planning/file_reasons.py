"""Why a target's files wait for a person, or stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from rollout.model.action import Action, OnDrift
from rollout.model.causes import Decide, FileCauses, Kept, OnHold
from rollout.model.changed import Did
from rollout.model.circumstances import Findings
from rollout.model.plan import Change, Step
from rollout.model.reasons import NONE, Reason, Way, WayOut


def awaiting(target: str, found: Sequence[Change], action: Action | None = None) -> Reason:
    """Return what waits for a person's decision; where upstream has to be asked first, how that is done."""
    why = Reason((causes(target, found, action),))
    return why.also(WayOut(Way.ASK)) if any(change.unsearched for change in found) else why


def causes(target: str, found: Sequence[Change], action: Action | None = None) -> FileCauses:
    """Return files with what others did to them, and how a person decides about those that wait."""
    open_ones = [change for change in found if not change.decided]
    told = tuple((change.path, change.did or Did(change.cause)) for change in open_ones or found)
    if not open_ones or any(change.unsearched for change in open_ones):
        return FileCauses(told, action)
    takes, since = all(c.goes_back for c in open_ones), any(c.before != c.base for c in open_ones)
    adopts = open_ones[0].action is Action.ADOPT
    releases = any(change.released for change in open_ones)
    decide = Decide(target, adopts, _choices(open_ones), releases=releases, takes=takes, since_ours=since)
    return FileCauses(told, action, decide)


def _choices(found: Sequence[Change]) -> tuple[OnDrift, ...]:
    """Return the decisions that can be carried out for all of these files."""
    if any(change.unclear for change in found):
        return (OnDrift.KEEP,)
    can_merge = all(change.can_merge for change in found)
    return (OnDrift.OVERWRITE, *([OnDrift.MERGE] if can_merge else []), OnDrift.KEEP)


def with_kept(why: Reason, target: str, found: Findings | Step) -> Reason:
    """Add to a reason which files differ from their templates because a person wanted that."""
    why = why.also(Kept(found.kept)) if found.kept else why
    since = found.changed_on_hold
    why = why.also(OnHold(found.held)) if found.held else why
    why = why.also(WayOut(Way.RELEASE)) if len(found.held) > len(since) else why
    return why.also(_on_hold(causes(target, since))) if since else why


def _on_hold(why: FileCauses) -> FileCauses:
    return why if why.decide is None else replace(why, decide=replace(why.decide, releases=True))


def as_it_is(step: Step) -> Reason:
    """Say which files of a target stay as they are although their templates say something else."""
    return with_kept(NONE, step.target, step)


def kept(step: Step) -> Reason:
    """Say which files a run of the step keeps as others left them."""
    return Reason((Kept((*(change.path for change in step.changes if change.keep), *step.kept)),))
