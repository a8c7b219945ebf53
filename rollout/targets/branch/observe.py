"""Observe a branch of a repository into a step: upstream, the commit that waits, the checkout."""

from __future__ import annotations

from contextlib import suppress

from msgspec.structs import replace

from rollout.errors import GitError
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, Snapshot
from rollout.model.inventory import Branch, Mode, Target
from rollout.model.plan import State, Step
from rollout.planning import steps
from rollout.remote.upstream import NoBranch, Unreachable
from rollout.store import fetch, in_sync, lineage, mend, notes, snapshot
from rollout.store.in_sync import InSync
from rollout.store.store import Store
from rollout.targets.branch.checkout_state import checkout
from rollout.targets.branch.evaluate import at_work, circumstances_of, first_line, last_tip, unanswered
from rollout.targets.branch.locate import Located
from rollout.targets.branch.pending import outrun_by, pending_at, still_right
from rollout.targets.job import Settings, Unfit


def observe(
    target: Target,
    desired: Desired,
    settings: Settings,
    decisions: Decisions,
    asked: str = "",
    heard: str | None = None,
) -> Step:
    """Return what one repository needs; `asked` says what decides that, `heard` what upstream was a moment ago."""

    def look(at: Located, store: Store) -> Step:
        try:
            return _observe(target, desired, settings, decisions, at, store, asked, heard)
        except Unreachable as error:
            if settings.offline:
                raise
            try:
                known = _observe(target, desired, replace(settings, offline=True), decisions, at, store, "", None)
            except GitError:
                raise error from None  # nothing is known; why the remote did not answer is what there is to say
            return unanswered(known, first_line(str(error)))
        except NoBranch:
            raise
        except GitError:
            mend.renew(store)  # a damaged store is thrown away once; all it held can be fetched again
            return _observe(target, desired, settings, decisions, at, store, asked, None)

    return at_work(target, settings, look)


def _observe(
    target: Target,
    desired: Desired,
    settings: Settings,
    decisions: Decisions,
    at: Located,
    store: Store,
    asked: str,
    heard: str | None,
) -> Step:
    assert isinstance(target.location, Branch)
    network = not settings.offline or at.local
    tip = fetch.commit(store, heard) if heard and network else last_tip(at, store, target.location, network=network)
    if not at.local:
        _same_project(store, tip, decisions)
    snapshot = _snapshot(store, tip, desired, network=network)
    pending = pending_at(at, store, tip, target.location)
    outrun = () if pending is None else outrun_by(snapshot, pending)
    settled = pending is not None and not outrun and still_right(desired, snapshot, pending)
    entries = in_sync.entries_of(desired, snapshot)
    there = checkout(target.location, at, store, tip, desired, settings.person, entries)
    if there is not None and there.behind is None and network and fetch.deepen(store):
        there = checkout(target.location, at, store, tip, desired, settings.person, entries)
    circumstances = replace(
        circumstances_of(at, store, settings, there),
        pending=pending.commit if pending is not None and settled else None,
        pending_files=dict(pending.files) if pending is not None and settled else {},
        overtaken=pending is not None and not settled,
        outrun=outrun,
    )
    found = steps.findings(desired, snapshot, decisions)
    with suppress(OSError):  # a note that has no room costs this memory, and the next full look makes it
        notes.take(store, tip, found.equal)
        if asked and pending is None and entries is not None and not found.changes:
            in_sync.keep(store, InSync(found, entries), asked)
    return replace(steps.step_of(target, found, circumstances), asked=asked)


def _same_project(store: Store, tip: str, decisions: Decisions) -> None:
    """Raise Unfit where the address leads to another project than before, unless a person says that it is right."""
    if not lineage.is_strange(store, tip):
        lineage.believe(store, tip)
    elif not decisions.adopt:
        raise Unfit(
            State.BLOCKED,
            "adopt: upstream has no commit in common with what it was before: another project is at this address, or "
            "its history was written anew; rollout apply --adopt takes it over",
        )


def _snapshot(store: Store, tip: str, desired: Desired, *, network: bool) -> Snapshot:
    bodies = {item.body for item in desired.managed}
    normalised = {body.replace(b"\r\n", b"\n") for body in bodies}
    merged = {item.path for item in desired.managed if item.mode is Mode.MERGE}
    paths = [item.path for item in desired.managed]
    return snapshot.at(store, tip, paths, bodies | normalised, network=network, merged=merged)
