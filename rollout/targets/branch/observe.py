"""Observe a branch of a repository: upstream, the waiting commit and the checkout become a step."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rollout.content.modes.table import traits
from rollout.errors import GitError
from rollout.model.action import Action
from rollout.model.circumstances import Decisions, Findings
from rollout.model.files import Desired, Snapshot
from rollout.model.inventory import Branch
from rollout.model.plan import State, Step
from rollout.model.reasons import Way, WayOut, said
from rollout.model.reviews import Deliver
from rollout.planning import keeping, steps
from rollout.planning.proposals import delivery_of, renews
from rollout.remote.upstream import NoBranch, Unreachable
from rollout.safety.faults import first_line
from rollout.store import authors, fetch, in_sync, lineage, mend, notes, snapshot
from rollout.store.in_sync import InSync
from rollout.store.pending import drop
from rollout.store.store import Store
from rollout.targets.branch.checkout_state import checkout
from rollout.targets.branch.evaluate import at_work, circumstances_of, last_tip, unanswered
from rollout.targets.branch.locate import Located
from rollout.targets.branch.pending import outrun_by, pending_at, still_right
from rollout.targets.branch.wish import refuse_wishes
from rollout.targets.job import Look, Unfit

if TYPE_CHECKING:
    from rollout.targets.branch.proposal import Proposing
    from rollout.targets.branch.proposal_files import Waiting

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


def _observe(look: Look, at: Located, store: Store) -> Step:
    target, desired, settings, decisions = look.target, look.desired, look.settings, look.decisions.of(look.target.name)
    assert isinstance(target.location, Branch)
    network = not settings.offline or at.local
    heard = look.heard if network else None
    tip = fetch.commit(store, heard) if heard else last_tip(at, store, target.location, network=network)
    if not at.local:
        _same_project(store, tip, decisions)
    snapshot = _snapshot(store, tip, desired, network=network)
    refuse_wishes(target, store, tip, network=network)
    pending = pending_at(at, store, tip, target.location)
    outrun = () if pending is None else outrun_by(store, snapshot, pending, network=network)
    settled = pending is not None and not outrun and still_right(desired, snapshot, pending)
    entries = in_sync.entries_of(desired, snapshot)
    snapshot, found = _found(desired, snapshot, decisions, store, network=network)
    seen = replace(look, desired=keeping.as_kept(desired, snapshot, found))
    there = checkout(seen, at, store, tip, entries)
    if there is not None and there.behind is None and network and fetch.deepen(store):
        there = checkout(seen, at, store, tip, entries)
    offered = _offered(look, at, store, tip, changing=bool(found.changes), network=network)
    if pending is not None and offered is not None and offered.carries(pending.commit):
        drop(store)  # a run was killed after it had proposed its commit
        pending, settled, outrun = None, False, ()
    reverted: Mapping[PurePosixPath, str] = {}
    waiting: Waiting = {}
    if pending is not None and settled:
        waiting = dict(pending.files)
    elif offered is not None:
        from rollout.targets.branch.proposal_files import reverted_and_waiting

        reverted, waiting = reverted_and_waiting(offered, store, look, snapshot, found.changes)
    circumstances = replace(
        circumstances_of(at, store, settings, there),
        pending=pending.commit if pending is not None and settled else None,
        pending_files=waiting,
        reverts=reverted,
        overtaken=pending is not None and not settled,
        outrun=outrun,
    )
    step = replace(steps.step_of(target, found, circumstances), asked=look.asked)
    if offered is not None:
        from rollout.targets.branch import proposal_state

        step = proposal_state.with_proposal(step, desired, offered, store, decisions)
        proposal_state.remember(step, offered, store)
    with suppress(OSError):  # without room on the disk we forget this, and the next full look notes it
        notes.take(store, tip, found.equal)
        notes.agree(store, found.agreed)
        quiet = not step.changes and not found.kept and not found.held and pending is None
        if look.asked and quiet and entries is not None and not renews(step):
            in_sync.keep(store, InSync(found, entries, () if offered is None else offered.heads), look.asked)
    return step


def _found(
    desired: Desired, snapshot: Snapshot, decisions: Decisions, store: Store, *, network: bool
) -> tuple[Snapshot, Findings]:
    """Compare what is desired with what is there; for files that wait for a decision, find out who changed them."""
    found = steps.findings(desired, snapshot, decisions)
    about = [change.path for change in found.changes if change.action in keeping.WAITING]
    by = authors.last_changes(store, snapshot.revision, about, network=network)
    if not by:
        return snapshot, found
    snapshot = replace(snapshot, changed_by=by)
    return snapshot, steps.findings(desired, snapshot, decisions)


def _offered(look: Look, at: Located, store: Store, tip: str, *, changing: bool, network: bool) -> Proposing | None:
    """Return the present proposal of a target; None if its changes are pushed, and then nothing of forges is loaded."""
    delivery = delivery_of(look.target, look.decisions.of(look.target.name))
    if delivery.deliver is Deliver.PUSH:
        return None

    from rollout.targets.branch.proposal import proposing

    return proposing(delivery, at, store, tip, changing=changing, network=network)


def _same_project(store: Store, tip: str, decisions: Decisions) -> None:
    """Raise Unfit if the address leads to another project than before, unless the person adopts it."""
    if not lineage.is_strange(store, tip):
        lineage.believe(store, tip)
    elif not decisions.adopt:
        raise Unfit(State.BLOCKED, said(_ANOTHER).also(WayOut(Way.ADOPT)), Action.ADOPT)


def _snapshot(store: Store, tip: str, desired: Desired, *, network: bool) -> Snapshot:
    bodies = {item.body for item in desired.managed}
    normalised = {body.replace(b"\r\n", b"\n") for body in bodies}
    merged = {item.path for item in desired.managed if traits(item.mode).needs_past}
    paths = [item.path for item in desired.managed]
    return snapshot.at(store, tip, paths, bodies | normalised, network=network, merged=merged)
