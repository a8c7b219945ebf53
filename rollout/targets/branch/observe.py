"""Observe a branch of a repository: upstream, the waiting commit and the checkout become a step."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rollout.content import earlier_markers
from rollout.content.modes.table import traits
from rollout.errors import GitError
from rollout.model.action import Action
from rollout.model.circumstances import CheckoutState, Circumstances, Decisions, Findings
from rollout.model.files import Desired, Snapshot
from rollout.model.inventory import Branch
from rollout.model.plan import State, Step
from rollout.model.reasons import Way, WayOut, said
from rollout.model.reviews import Deliver
from rollout.objects import messages
from rollout.planning import keeping, steps
from rollout.planning.proposals import delivery_of, given_up, renews
from rollout.remote.upstream import NoBranch, Unreachable
from rollout.safety.faults import first_line
from rollout.store import authors, fetch, in_sync, lineage, mend, names, notes, snapshot
from rollout.store.in_sync import Entries, InSync
from rollout.store.pending import drop
from rollout.store.store import Store
from rollout.targets import checked
from rollout.targets.branch import one_remote
from rollout.targets.branch.checkout_state import checkout
from rollout.targets.branch.evaluate import at_work, circumstances_of, last_tip, unanswered
from rollout.targets.branch.locate import Located
from rollout.targets.branch.pending import Unpushed, unpushed_at
from rollout.targets.branch.wish import refuse_wishes
from rollout.targets.job import Look, Unfit

if TYPE_CHECKING:
    from rollout.targets.branch.proposal import Proposing

_ANOTHER = (
    "adopt: upstream shares no commit with what it was before: the address leads to another project, or its "
    "history was rewritten"
)


def observe_branch(look: Look) -> Step:
    """Return what one repository needs."""

    def observed(at: Located, store: Store) -> Step:
        try:
            return _observe(look, at, store)
        except Unreachable as error:
            if look.settings.offline:
                raise
            offline = replace(look, settings=replace(look.settings, offline=True), asked="", heard=None)
            try:
                known = _observe(offline, at, store)
            except GitError:
                raise error from None  # we know nothing, so all we can say is why the remote did not answer
            return unanswered(known, first_line(str(error)))
        except NoBranch:
            raise
        except GitError:
            mend.renew(store)  # throw a damaged store away once: we can fetch all of it again
            return _observe(replace(look, heard=None), at, store)

    return at_work(look.target, look.settings, observed)


class _Seen(Struct, frozen=True):
    """A repository while we look at it: its store, upstream's commit, and whether its remote may be asked."""

    look: Look
    at: Located
    store: Store
    tip: str
    network: bool

    @property
    def decisions(self) -> Decisions:
        return self.look.decisions.of(self.look.target.name)


def _observe(look: Look, at: Located, store: Store) -> Step:
    seen = _upstream(look, at, store)
    if not at.local:
        _same_project(store, seen.tip, seen.decisions)
    names.take(store, look.target.delivery.origin.inventory, str(at.top or ""))
    snapshot = _snapshot(seen)
    refuse_wishes(look.target, store, seen.tip, network=seen.network)
    unpushed = unpushed_at(at, store, look, snapshot, network=seen.network)
    entries = in_sync.entries_of(look.desired, snapshot)
    snapshot, found = _found(seen, _without_released(snapshot, unpushed))
    there = _checkout(seen, keeping.as_kept(look.desired, snapshot, found), entries)
    if there is not None and unpushed is not None and not unpushed.right:
        there = there.without_use()
    offered = _offered(seen, changing=bool(found.changes))
    unpushed = _unless_proposed(unpushed, offered, store)
    circumstances = _with_unpushed(circumstances_of(at, store, look.settings, there), unpushed, seen, found)
    if offered is not None and (unpushed is None or not unpushed.right):
        circumstances = _with_proposed(circumstances, seen, offered, snapshot, found)
    step = replace(steps.step_of(look.target, found, circumstances), asked=look.asked)
    if offered is not None:
        step = _as_proposed(step, seen, offered)
    with suppress(OSError):  # without room on the disk we forget this, and the next full look notes it
        notes.take(store, seen.tip, found.equal)
        notes.agree(store, found.agreed)
        if entries is not None and unpushed is None and _is_quiet(step, found):
            in_sync.keep(store, InSync(found, entries, () if offered is None else offered.heads), look.asked)
    return step


def _upstream(look: Look, at: Located, store: Store) -> _Seen:
    """Ask upstream for its commit, unless we heard it a moment ago or may not ask."""
    assert isinstance(look.target.location, Branch)
    network = not look.settings.offline or at.local
    told = one_remote.said(look.heard, store) if network else None
    tip = fetch.commit(store, told) if told else last_tip(at, store, look.target.location, network=network)
    return _Seen(look, at, store, tip, network)


def _without_released(snapshot: Snapshot, unpushed: Unpushed | None) -> Snapshot:
    """Return the snapshot without the holds that our waiting commit ends."""
    if unpushed is None or not unpushed.right:
        return snapshot
    again = messages.held(unpushed.commit.message)
    stay = {
        path: asks for path, asks in snapshot.held.items() if path not in unpushed.commit.files or str(path) in again
    }
    return replace(snapshot, held=stay)


def _found(seen: _Seen, snapshot: Snapshot) -> tuple[Snapshot, Findings]:
    """Compare what is desired with what is there; for files that wait for a decision, find out who changed them."""
    look, desired = seen.look, seen.look.desired
    found = checked.over(steps.findings(desired, snapshot, seen.decisions), desired, snapshot, look.secrets)
    about = keeping.waiting(found)
    by = authors.last_changes(seen.store, snapshot.revision, about, network=seen.network)
    if not by:
        return snapshot, found
    snapshot = replace(snapshot, changed_by=by)
    return snapshot, checked.over(steps.findings(desired, snapshot, seen.decisions), desired, snapshot, look.secrets)


def _checkout(seen: _Seen, desired: Desired, entries: Entries | None) -> CheckoutState | None:
    """Return the checkout's state; where it is behind by more commits than we have, more are fetched to count them."""
    look = replace(seen.look, desired=desired)
    there = checkout(look, seen.at, seen.store, seen.tip, entries)
    if there is not None and there.behind is None and seen.network and fetch.deepen(seen.store):
        return checkout(look, seen.at, seen.store, seen.tip, entries)
    return there


def _offered(seen: _Seen, *, changing: bool) -> Proposing | None:
    """Return the present proposal of a target; None if its changes are pushed, and then nothing of forges is loaded."""
    delivery = delivery_of(seen.look.target, seen.decisions)
    if delivery.deliver is Deliver.PUSH:
        return None

    from rollout.targets.branch.proposal import proposing

    return proposing(delivery, seen.at, seen.store, seen.tip, changing=changing, network=seen.network)


def _unless_proposed(unpushed: Unpushed | None, offered: Proposing | None, store: Store) -> Unpushed | None:
    """Drop our unpushed commit if a run was killed after it had proposed it."""
    if unpushed is None or offered is None or not offered.carries(unpushed.commit.commit):
        return unpushed
    drop(store)
    return None


def _with_unpushed(
    circumstances: Circumstances, unpushed: Unpushed | None, seen: _Seen, found: Findings
) -> Circumstances:
    if unpushed is None:
        return circumstances
    if unpushed.right:
        commit = unpushed.commit
        return replace(circumstances, pending=commit.commit, pending_files=dict(commit.files))
    lost = {} if seen.decisions.release else _lost(unpushed.commit.message, seen.look.desired)
    told = {change.path for change in found.changes}  # a person sees it, and decides about it
    reverts = {path: asks for path, asks in lost.items() if path not in told | unpushed.arrived}
    return replace(circumstances, overtaken=True, outrun=unpushed.outrun, reverts=reverts)


def _lost(message: str, desired: Desired) -> dict[PurePosixPath, str]:
    """Return what a waiting commit reverts and no template asks for, with what is asked for there."""
    held, asks = messages.held(message), {str(item.path): item.asks for item in desired.managed}
    gone = dict.fromkeys(messages.given_back(message) - asks.keys(), "")
    return {PurePosixPath(p): asked for p, asked in {**gone, **held}.items() if asks.get(p, "") == asked}


def _with_proposed(
    circumstances: Circumstances, seen: _Seen, offered: Proposing, snapshot: Snapshot, found: Findings
) -> Circumstances:
    """Add what our commit in an open proposal makes of files, and what it puts back."""
    from rollout.targets.branch.proposal_files import reverted_and_waiting

    reverted, waiting = reverted_and_waiting(offered, seen.store, seen.look, snapshot, found.changes)
    return replace(circumstances, reverts=reverted, pending_files=waiting)


def _as_proposed(step: Step, seen: _Seen, offered: Proposing) -> Step:
    """Return a step as its proposal determines it, and remember how that stands."""
    from rollout.targets.branch import proposal_state

    step = proposal_state.with_proposal(step, seen.look.desired, offered, seen.store, seen.decisions)
    proposal_state.remember(step, offered, seen.store)
    return step


def _is_quiet(step: Step, found: Findings) -> bool:
    """Tell whether a look with the same templates at the same commit would find nothing to do again."""
    left = found.kept or found.held or found.merged or given_up(step)
    return bool(step.asked) and not step.changes and not left and not renews(step)


def _same_project(store: Store, tip: str, decisions: Decisions) -> None:
    """Raise Unfit if the address leads to another project than before, unless the person adopts it."""
    if not lineage.is_strange(store, tip):
        lineage.believe(store, tip)
    elif not decisions.adopt:
        raise Unfit(State.BLOCKED, said(_ANOTHER).also(WayOut(Way.ADOPT)), Action.ADOPT)


def _snapshot(seen: _Seen) -> Snapshot:
    managed = seen.look.desired.managed
    bodies = {item.body for item in managed}
    normalised = {body.replace(b"\r\n", b"\n") for body in bodies}
    merged = {item.path for item in managed if traits(item.mode).needs_past}
    paths = [item.path for item in managed]
    look = partial(snapshot.at, seen.store, seen.tip, paths, bodies | normalised, network=seen.network)
    found = look(merged=merged)
    marked = (item for item in managed if "markers" in traits(item.mode).options)
    moved = {item.path for item in marked if earlier_markers.needs_past(item, found.written.get(item.path))}
    return look(merged=merged | moved) if moved - merged else found
