"""Recognise a branch that has not changed, without rendering anything.

What talks to remotes is loaded only for those that have to be asked in full.
"""

from __future__ import annotations

import time

from msgspec import Struct
from msgspec.structs import replace

from rollout.errors import GitError
from rollout.model.inventory import Branch, Target
from rollout.model.plan import Step
from rollout.model.reviews import Deliver
from rollout.planning import steps
from rollout.remote import upstream
from rollout.remote.upstream import Unreachable
from rollout.safety.faults import first_line
from rollout.store import heard, hold, in_sync, pending
from rollout.store.in_sync import InSync
from rollout.store.store import Store
from rollout.targets.branch.evaluate import at_work, circumstances_of, unanswered
from rollout.targets.branch.locate import Located, locate
from rollout.targets.branch.plain_checkout import plain_checkout
from rollout.targets.job import Glance, Heard, Settings, Unfit


class Glanced(Struct, frozen=True):
    """The result of a glance: a step, or else upstream's commit if we asked for it."""

    step: Step | None = None
    heard: Heard | None = None


def glance_at_branch(glance: Glance) -> Glanced:
    """Return the step of a repository that was in sync with the same templates, and still is.

    That needs no rendering and reads no tree and no history; for all others the step is None.
    """

    target, asked, settings = glance.target, glance.asked, glance.settings

    def look(at: Located, store: Store) -> Step | Heard | None:
        found = seen(at, store)
        return Heard(found, at=time.time()) if isinstance(found, str) else found

    def seen(at: Located, store: Store) -> Step | str | None:
        if not in_sync.was(store, asked):
            return None
        try:
            return _glance(glance, at, store)
        except Unreachable as error:
            offline = replace(glance, settings=replace(settings, offline=True))
            known = None if settings.offline else _glance(offline, at, store)
            if not isinstance(known, Step):
                raise
            return unanswered(known, first_line(str(error)))
        except GitError:
            return None  # the full look deals with a damaged store

    assert isinstance(target.location, Branch)
    try:
        at = locate(target.location, settings.person, for_git=False)
        store = hold.unheld(settings.state, at.remote, target.name)
        if not in_sync.was(store, asked):
            return Glanced()
        step = _passing(glance, at, store)
    except (Unfit, OSError):
        return Glanced()  # the full look says why
    found = step if step is not None else at_work(target, settings, look)
    return Glanced(found) if isinstance(found, Step) else Glanced(heard=found)


def _passing(glance: Glance, at: Located, store: Store) -> Step | None:
    """Return the step if nothing has changed, without locking the store: we only read it."""
    target, asked, settings = glance.target, glance.asked, glance.settings
    ask = not settings.offline or at.local
    if at.local and at.repo is not None:
        tip = at.repo.ref(at.remote.ref)
    elif ask:
        tip = glance.heard.tip if glance.heard else upstream.on_this_machine(at.remote)
    else:
        tip = heard.tip(store)
    seen = None if tip is None else in_sync.found_before(store, tip, asked)
    if (
        tip is None
        or seen is None
        or (ask and heard.tip(store) != tip)
        or heard.absent(store)
        or pending.pinned(store) is not None
        or (ask and not _proposes_as_then(target, at, store, seen))
    ):
        return None
    return _as_it_was(target, seen, settings, at, store)


def _proposes_as_then(target: Target, at: Located, store: Store, seen: InSync) -> bool:
    """Tell whether our branches of proposals upstream are as they were: another machine may have made one since."""
    if target.delivery.deliver is Deliver.PUSH or at.local:
        return True
    from rollout.targets.branch import proposal

    return proposal.as_before(target.delivery, at, store, seen.heads)


def _as_it_was(target: Target, seen: InSync, settings: Settings, at: Located, store: Store) -> Step | None:
    """Return the step from earlier findings that still hold, if we know how the checkout stands."""
    assert isinstance(target.location, Branch)
    settled, there = plain_checkout(target.location, at, seen.findings.revision, seen.entries)
    if not settled:  # it is looked at in full, and what was heard is not older than the last answer
        return None
    if at.local or not settings.offline:
        heard.note_asked(store)
    return steps.step_of(target, seen.findings, circumstances_of(at, store, settings, there))


def _glance(glance: Glance, at: Located, store: Store) -> Step | str | None:
    from rollout.store import fetch
    from rollout.targets.branch.pending import pending_at

    target, asked, settings = glance.target, glance.asked, glance.settings
    assert isinstance(target.location, Branch)
    tip = _asked_tip(glance, at, store)
    seen = None if tip is None else in_sync.found_before(store, tip, asked)
    if tip is None or seen is None or pending_at(at, store, tip, target.location) is not None:
        return tip
    if not settings.offline:
        fetch.commit(store, tip)
        if not _proposes_as_then(target, at, store, seen):
            return tip
    return _as_it_was(target, seen, settings, at, store) or tip


def _asked_tip(glance: Glance, at: Located, store: Store) -> str | None:
    if not glance.settings.offline or at.local:
        from rollout.store import fetch
        from rollout.targets.branch import one_remote

        return one_remote.said(glance.heard, store) or fetch.ask(store)
    return None if heard.absent(store) else heard.tip(store)
