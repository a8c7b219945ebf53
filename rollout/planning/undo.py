"""The changes that undo a run, whether what it did is upstream or still in a review."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.causes import FileCauses, SaidOfFiles
from rollout.model.changed import Deed, Did
from rollout.model.circumstances import Circumstances
from rollout.model.files import Desired, File, Obstacle, Snapshot, fingerprint
from rollout.model.inventory import Target
from rollout.model.line_ends import Conversion
from rollout.model.outcomes import CHANGED, Outcome, Verdict, WrittenPath
from rollout.model.own_writes import FileShare
from rollout.model.plan import Change, State, Step
from rollout.model.reasons import NONE, Reason, said
from rollout.model.reviews import TakenBack
from rollout.planning.in_review import InReview, Sides


class Undone(Struct, frozen=True):
    """The step that undoes an outcome, and the files that it takes out of an open review."""

    step: Step
    taken_back: tuple[TakenBack, ...] = ()


def stands(outcome: Outcome, snapshot: Snapshot) -> list[PurePosixPath]:
    """Return the paths at which there is what the run wrote."""
    return [path for path, written in _paths(outcome) if _there(snapshot, path) == written.after]


def undone(
    target: Target,
    outcome: Outcome,
    snapshot: Snapshot,
    before: Mapping[PurePosixPath, File | None],
    circumstances: Circumstances,
    review: InReview | None = None,
) -> Undone:
    """Return what undoes an outcome; `before` are the files as they were where the run's are there now.

    What is still in review goes out of it, and what else is in it stays. What others changed since is left alone.
    """
    offered = InReview() if review is None else review
    out = [path for path, written in _paths(outcome) if offered.offers(path, written)]
    obstacle = _obstacle(outcome, snapshot, offered, out)
    if obstacle is not None:
        return Undone(Step(target.name, target.location, *obstacle, snapshot.revision))
    left = changed_since(outcome, snapshot, out)
    stays = {path: sides for path, sides in offered.files.items() if path not in out}
    moved = [path for path, (old, _) in stays.items() if snapshot.files.get(path) != old]
    if moved:
        reason = _named("upstream changed ", moved, ", which is in review; run `rollout apply` before the revert")
        return Undone(Step(target.name, target.location, State.BLOCKED, reason, snapshot.revision))
    there = stands(outcome, snapshot)
    back = {path: old for path, old in before.items() if path in there and path not in stays}
    if left and (review is not None or not _can_be_left(left, there)):
        return Undone(Step(target.name, target.location, State.BLOCKED, _theirs(left, snapshot), snapshot.revision))
    changes = (*_changes(back, snapshot), *_staying(stays, offered))
    step = _step(target, snapshot, changes, circumstances)
    step = replace(step, why=step.why.also(*_theirs(left, snapshot).parts), left=tuple(left)) if left else step
    return Undone(step, tuple(TakenBack(str(path)) for path in out))


def changed_since(outcome: Outcome, snapshot: Snapshot, out: Collection[PurePosixPath] = ()) -> list[PurePosixPath]:
    """Return the paths, but for those `out` of it, at which there is neither what the run wrote nor what it found.

    Where the run was taken back since, nothing of it is left to go back.
    """
    done = {*out, *snapshot.later.taken_back}
    return [
        path
        for path, written in _paths(outcome)
        if path not in done and _there(snapshot, path) not in {written.before, written.after}
    ]


def with_left(step: Step, outcome: Outcome) -> Outcome:
    """Return the outcome of a written step, which also names what the step leaves alone."""
    return replace(outcome, why=outcome.why.also(*step.why.parts)) if step.left else outcome


def _paths(outcome: Outcome) -> Iterator[tuple[PurePosixPath, WrittenPath]]:
    return ((PurePosixPath(one.path), one) for one in outcome.paths)


def _there(snapshot: Snapshot, path: PurePosixPath) -> str:
    return fingerprint(snapshot.files.get(path))


def _obstacle(
    outcome: Outcome, snapshot: Snapshot, offered: InReview, out: list[PurePosixPath]
) -> tuple[State, Reason] | None:
    """Return why there is nothing to undo, or why it cannot be done."""
    back = [path for path, written in _paths(outcome) if offered.puts_back(path, written)]
    anew = [path for path, _ in _paths(outcome) if path in offered.files and path not in (*out, *back)]
    first = offered.why_first(anew)
    if first is not None:
        return State.BLOCKED, first
    if not out and not stands(outcome, snapshot) and not changed_since(outcome, snapshot):
        return State.IN_SYNC, said(_TAKEN_BACK if snapshot.later.taken_back else "it is as before the run already")
    return None


def _can_be_left(left: list[PurePosixPath], back: list[PurePosixPath]) -> bool:
    """Tell whether others can go back without those that are left: none is a folder of another's path."""
    apart = all(one not in other.parents and other not in one.parents for one in left for other in back)
    return bool(back) and apart


def _theirs(left: list[PurePosixPath], snapshot: Snapshot) -> Reason:
    """Return who changed files since the run, a later run of ours or others, and that these are left alone."""
    found = tuple((path, _did(path, snapshot)) for path in left if path not in snapshot.later.runs)
    by_others = (FileCauses(found, whole=len(found) <= _NAMED), *said(_LEFT).parts) if found else ()
    return NONE.also(*(part for run in _later(left, snapshot) for part in run.parts), *by_others)


def _later(left: list[PurePosixPath], snapshot: Snapshot) -> Iterator[Reason]:
    """Yield which later runs wrote files, and that they are to be taken back first."""
    runs = {path: snapshot.later.runs[path] for path in left if path in snapshot.later.runs}
    for run in dict.fromkeys(runs.values()):
        paths = [path for path, later in runs.items() if later == run]
        yield _named(f"run {run} wrote ", paths, f" since; take that back first: rollout revert {run}")


_NAMED = 3  # the most that are named without -v
_TAKEN_BACK = "what the run wrote is taken back already"
_LEFT = "what others changed since the run is left alone; mend it by hand or with the templates"


def _did(path: PurePosixPath, snapshot: Snapshot) -> Did:
    deed = Deed.DELETED if snapshot.files.get(path) is None else Deed.CHANGED
    return Did(deed.value, deed, by=snapshot.changed_by.get(path))


def _named(before: str, paths: Iterable[PurePosixPath], after: str) -> Reason:
    return Reason((SaidOfFiles(before, tuple(paths), after),))


def _step(target: Target, snapshot: Snapshot, changes: tuple[Change, ...], circumstances: Circumstances) -> Step:
    fault = circumstances.identity_fault if changes else None
    return Step(
        target=target.name,
        location=target.location,
        state=State.BLOCKED if fault else State.PENDING if changes else State.IN_SYNC,
        why=said(fault or ""),
        base=snapshot.revision,
        changes=tuple(sorted(changes, key=lambda change: change.path)),
        managed={change.path: fingerprint(change.before) for change in changes},
        identity=circumstances.identity,
        author=circumstances.author,
    )


def _changes(before: Mapping[PurePosixPath, File | None], snapshot: Snapshot) -> Iterable[Change]:
    for path, old in before.items():
        now = snapshot.files.get(path)
        if not isinstance(now, Obstacle) and now != old:
            change = Change(path, action_between(now, old), "revert", now, old)
            yield replace(change, reverts=True, share=FileShare.GIVEN_BACK)


def _staying(stays: Sides, offered: InReview) -> Iterable[Change]:
    """Return what else is in a review, to be proposed on: it was decided when that was proposed."""
    for path, (old, new) in stays.items():
        held, share = offered.held.get(str(path)), offered.shares.get(str(path))
        yield Change(
            path, action_between(old, new), "stays in the review", old, new,
            template=offered.merged.get(str(path)), asks=held, hold=held is not None, share=share, stays=True,
        )  # fmt: skip


def action_between(old: File | None, new: File | None) -> Action:
    """Return what makes one file of another."""
    if old is None or new is None:
        return Action.CREATE if old is None else Action.DELETE
    return Action.CHMOD if old.content == new.content else Action.UPDATE


def on_hold(found: Undone, desired: Desired, there: Snapshot) -> Undone:
    """Return a step after whose changes the files stay, as long as the templates ask for what they ask for now.

    A file that a revert makes as its template asks needs no hold, as after the revert of a revert. What counts as
    written `there` is what we will have written last after the revert.
    """
    managed = {item.path: item for item in desired.managed}
    asks = {path: item.asks for path, item in managed.items()}

    from rollout.planning.attributes_after import line_ends_after  # a run that reverts nothing does not need these
    from rollout.planning.changes import satisfied

    ends = line_ends_after(there, {change.path: change.after for change in found.step.changes})

    def on_hold_or_not(change: Change) -> Change:
        item = managed.get(change.path)
        if not change.reverts or item is None:
            return replace(change, hold=False, asks=None) if change.reverts else change
        how = ends.get(change.path, Conversion.BINARY)
        as_asked = satisfied(item, change.after, there.written.get(change.path), how)
        return replace(change, hold=not as_asked, asks=None if as_asked else item.asks)

    out = tuple(replace(one, asks=asks.get(PurePosixPath(one.path))) for one in found.taken_back)
    step = replace(found.step, changes=tuple(map(on_hold_or_not, found.step.changes)))
    return Undone(step, out)


def holds_after(steps: Iterable[Step], outcomes: Iterable[Outcome]) -> list[str]:
    """Return the targets that a run has put on hold."""
    by_name = {step.target: step for step in steps}
    return [outcome.target for outcome in outcomes if _holds(by_name.get(outcome.target), outcome)]


def _holds(step: Step | None, outcome: Outcome) -> bool:
    if step is None:
        return False
    if step.proposal is not None and any(one.asks for one in step.proposal.taken_back):
        return outcome.verdict in CHANGED | {Verdict.UNCHANGED}
    return outcome.verdict in CHANGED and any(change.hold for change in step.changes)
