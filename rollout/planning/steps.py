"""What one target needs: its state, the reason, and every change."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.causes import SaidOfFiles
from rollout.model.circumstances import CheckoutState, Circumstances, Decisions, Findings
from rollout.model.files import Desired, File, Snapshot, fingerprint
from rollout.model.inventory import Branch, Target
from rollout.model.limits import BudgetUse, Finding
from rollout.model.own_writes import FileShare
from rollout.model.plan import Change, State, Step
from rollout.model.reasons import NONE, Reason, Said, SinceWaiting, Way, WayOut, said
from rollout.planning.file_reasons import awaiting, causes, with_kept


def step_for(
    target: Target,
    desired: Desired,
    snapshot: Snapshot,
    decisions: Decisions,
    circumstances: Circumstances,
) -> Step:
    """Return the frozen step of one target: its state, the reason, and every change."""
    return step_of(target, findings(desired, snapshot, decisions.of(target.name)), circumstances)


def findings(desired: Desired, snapshot: Snapshot, decisions: Decisions) -> Findings:
    """Compare what is desired with what is there."""
    from rollout.planning import in_place  # these are not for what a glance settles
    from rollout.planning.attributes_after import with_attributes
    from rollout.planning.changes import changes_needed
    from rollout.planning.taken_over import agreed_keys, equal_files

    found, snapshot = snapshot, with_attributes(desired, snapshot, decisions)
    needed = changes_needed(desired, snapshot, decisions)
    return Findings(
        revision=snapshot.revision,
        changes=needed.changes,
        managed={item.path: fingerprint(found.files.get(item.path)) for item in desired.managed},
        in_sync=needed.in_sync,
        warnings=needed.warnings,
        orphans=tuple(sorted({*orphans(desired, snapshot)} - in_place.told_of(desired.managed, snapshot))),
        newest=snapshot.newest,
        equal=equal_files(desired, snapshot, {*needed.kept, *needed.held, *(change.path for change in needed.changes)}),
        agreed=agreed_keys(desired, snapshot),
        kept=needed.kept,
        held=needed.held,
        changed_on_hold=needed.changed_on_hold,
        merged=needed.merged,
    )


def step_of(target: Target, found: Findings, circumstances: Circumstances) -> Step:
    """Turn findings and their circumstances into a step."""
    changes, against = _all_changes(found, circumstances)
    state, why = _state(changes, circumstances, target)
    checkout = circumstances.checkout
    return Step(
        target=target.name,
        location=target.location,
        state=state,
        why=_with_collisions(with_kept(why, target.name, found), checkout),
        base=found.revision,
        changes=changes,
        managed=found.managed,
        in_sync=found.in_sync - sum(change.reverts for change in against),
        kept=found.kept,
        held=found.held,
        changed_on_hold=found.changed_on_hold,
        merged=found.merged,
        pending=circumstances.pending,
        overtaken=circumstances.overtaken,
        outrun=circumstances.outrun,
        follow=checkout is not None and not checkout.has_it and checkout.can_follow,
        warnings=found.warnings,
        orphans=_unnamed(found, against),
        identity=circumstances.identity,
        author=circumstances.author,
        commit=circumstances.pending or found.newest,
        newest_run=circumstances.newest_run,
        ahead=_ahead(circumstances),
        behind=0 if checkout is None else checkout.behind,
        known_at=circumstances.known_at,
        checkout=() if checkout is None else checkout.differing,
        collides=() if checkout is None else checkout.collides,
    )


def _all_changes(found: Findings, circumstances: Circumstances) -> tuple[tuple[Change, ...], list[Change]]:
    """Return all changes, those decided before marked so, and of them those that go against the templates."""
    if not found.changes and not circumstances.pending_files:
        return (), []
    changes = tuple(_decided_before(change, circumstances.pending_files) for change in found.changes)
    against = _against_templates(changes, found.managed, circumstances)
    return tuple(sorted((*changes, *against), key=lambda change: change.path)), against


def _with_collisions(why: Reason, checkout: CheckoutState | None) -> Reason:
    """Add to a reason which commits of a person's own will meet ours at the next pull."""
    if checkout is None or not checkout.collides:
        return why
    collides = checkout.collides
    more = [Said(f"and {len(collides) - 3:,} more; rollout plan --json names them")] if len(collides) > 3 else []
    return why.also(*collides[:3], *more)


def with_limits(step: Step, budgets: tuple[BudgetUse, ...], found: tuple[Finding, ...]) -> Step:
    """Return a step with its budgets and findings: blocked if one of them blocks, else with warnings."""
    blocking = [Said(one.told) for one in found if one.blocks]
    warned = tuple(one.told for one in found if not one.blocks)
    step = replace(step, budgets=budgets, findings=found, warnings=(*step.warnings, *warned))
    if not blocking or step.state in {State.MISSING, State.UNREACHABLE}:
        return step
    why = step.why if step.state is State.BLOCKED else NONE
    return replace(step, state=State.BLOCKED, why=why.also(*blocking), follow=False)


def _ahead(circumstances: Circumstances) -> int | None:
    if circumstances.checkout is not None and circumstances.checkout.ahead != 0:
        return circumstances.checkout.ahead
    return 0 if circumstances.pending is None else 1


def _decided_before(change: Change, waiting: Mapping[PurePosixPath, tuple[File | None, File | None]]) -> Change:
    """Mark a change as decided if the waiting commit makes it: it was decided when that commit was made."""
    if change.action is Action.ERROR or change.keep or change.path not in waiting:
        return change
    before, after = waiting[change.path]
    if before != change.before:
        return change
    if change.decided and change.after == after:
        return change
    return replace(change, action=_action(before, after), after=after, decided=True, earlier=True)


def _against_templates(
    found: Sequence[Change], managed: Container[PurePosixPath], circumstances: Circumstances
) -> list[Change]:
    """Return what our own commit changes although the templates do not ask for it.

    It reverts, or templates asked for it when the commit was made and name the file no more.
    """
    known = {change.path for change in found}
    return [
        _against(path, before, after, circumstances.reverts.get(path), named=path in managed)
        for path, (before, after) in circumstances.pending_files.items()
        if path not in known
    ]


def _against(path: PurePosixPath, before: File | None, after: File | None, asks: str | None, *, named: bool) -> Change:
    back = named or asks is not None
    cause = "revert" if back else "no template names it any more"
    change = Change(path, _action(before, after), cause, before, after, asks=asks, earlier=True)
    return replace(change, hold=True, reverts=True, share=FileShare.GIVEN_BACK) if back else change


def _unnamed(found: Findings, against: Iterable[Change]) -> tuple[PurePosixPath, ...]:
    """Return the files of ours that no template names any more, upstream and in the commit that waits."""
    waiting = {change.path for change in against if not change.reverts and change.after is not None}
    return tuple(sorted({*found.orphans, *waiting}))


def _action(before: File | None, after: File | None) -> Action:
    return Action.DELETE if after is None else Action.CREATE if before is None else Action.UPDATE


def orphans(desired: Desired, snapshot: Snapshot) -> list[PurePosixPath]:
    """Return paths that rollout wrote and that no template set names any more."""
    ours = {item.path for item in desired.managed} | {problem.path for problem in desired.problems}
    return [path for path, written in snapshot.written.items() if path not in ours and written.file is not None]


def _state(found: tuple[Change, ...], circumstances: Circumstances, target: Target) -> tuple[State, Reason]:
    errors = [change for change in found if change.action is Action.ERROR]
    if errors:
        return State.BLOCKED, Reason(tuple(Said(change.told) for change in errors))
    if found and isinstance(target.location, Branch) and circumstances.identity_fault:
        return State.BLOCKED, said(circumstances.identity_fault)
    if circumstances.overtaken and circumstances.reverts:
        return State.BLOCKED, _revert_overtaken(circumstances.outrun)
    conflicts = [change for change in found if change.action is Action.CONFLICT]
    if conflicts:
        return State.CONFLICT, Reason((causes(target.name, conflicts),))
    drifted = [change for change in found if change.action is Action.DRIFT]
    if drifted:
        return State.DRIFT, Reason((causes(target.name, drifted),))
    if found and circumstances.pending is not None:
        return State.READY_TO_PUSH, said("rollout's commit is not upstream yet")
    if found:
        adopted = [change for change in found if change.action is Action.ADOPT and not change.decided]
        return State.PENDING, awaiting(target.name, adopted) if adopted else NONE
    checkout = circumstances.checkout
    if checkout is not None and not checkout.has_it:
        return State.BEHIND, checkout.reason
    return State.IN_SYNC, NONE


def _revert_overtaken(outrun: tuple[PurePosixPath, ...]) -> Reason:
    """Say that a revert cannot be pushed any more: no template asks for it, so it has to be made again."""
    changed = SaidOfFiles("upstream changed ", outrun) if outrun else Said("the templates changed")
    again = Said("a revert that was not pushed waits; `rollout revert` makes again what others left as it was")
    return Reason((SinceWaiting(Reason((changed,))), again, WayOut(Way.RELEASE)))
