"""Look at a branch in its store, and turn whatever prevents that into a state."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from rollout.errors import Busy, GitError
from rollout.model.circumstances import CheckoutState, Circumstances
from rollout.model.inventory import Branch, Target
from rollout.model.plan import State, Step
from rollout.model.reasons import AtWork, Way, WayOut, said
from rollout.remote import upstream
from rollout.remote.upstream import NoBranch, Unreachable
from rollout.safety import addresses
from rollout.safety.faults import first_line
from rollout.store import heard, hold
from rollout.store.store import Store
from rollout.targets.branch.locate import Located, locate
from rollout.targets.job import Settings, Unfit

T = TypeVar("T")


def at_work(target: Target, settings: Settings, look: Callable[[Located, Store], T]) -> T | Step:
    """Look at a target in its store; whatever prevents that becomes its state and reason."""
    assert isinstance(target.location, Branch)
    known_at = None
    try:
        at = locate(target.location, settings.person)
        asks = at.local or not settings.offline
        with hold.for_reading(settings.state, at.remote, target.name, wait=settings.wait, asks=asks) as store:
            try:
                return _beside_a_writer(look(at, store), store)
            finally:
                known_at = heard.asked_at(store)  # what prevents the look may be what upstream has just answered
    except (Unfit, GitError, Busy, OSError) as error:
        return replace(_unfit(target, error), known_at=known_at)


def _beside_a_writer(found: T | Step, store: Store) -> T | Step:
    """Add to the reason of a target that is not in sync which run is at work on it."""
    if not isinstance(found, Step) or not store.writer or found.state is State.IN_SYNC:
        return found
    return replace(found, why=found.why.also(*_at_work(store)))


def unanswered(known: Step, why: str) -> Step:
    """Return what we knew of a target whose remote does not answer, without planning anything on that."""
    return replace(known, state=State.UNREACHABLE, why=said(why), changes=(), managed={}, follow=False, checkout=())


def _unfit(target: Target, error: Unfit | GitError | Busy | OSError) -> Step:
    """Return the step of a target that an error keeps from being looked at."""
    if isinstance(error, Unfit):
        return Step(target.name, target.location, error.state, error.why, None, awaits=error.awaits)
    state = State.UNREACHABLE if isinstance(error, Unreachable) else State.BLOCKED
    return Step(target.name, target.location, state, said(_in_words(target, error)), None)


def _in_words(target: Target, error: GitError | Busy | OSError) -> str:
    match error:
        case NoBranch():
            return str(error)
        case OSError():
            return f"{error.filename or target.name}: {error.strerror}"
        case Unreachable() | Busy():
            return first_line(str(error))
        case _:
            return f"git: {first_line(str(error))}"


def circumstances_of(at: Located, store: Store, settings: Settings, checkout: CheckoutState | None) -> Circumstances:
    return Circumstances(
        identity=addresses.identity(at.remote.url),
        checkout=checkout,
        identity_fault=settings.person.fault,
        author=settings.person.identity.author.shown if settings.person.identity else "",
        known_at=heard.asked_at(store),
        newest_run=heard.newest_run(store),
    )


def last_tip(at: Located, store: Store, where: Branch, *, network: bool) -> str:
    """Return upstream's commit: asked for now, or as it was last known."""
    from rollout.store import fetch

    if network:
        return fetch.latest(store)
    if heard.absent(store):
        raise upstream.no_branch(at.remote, heard.instead(store))
    known = heard.tip(store)
    if known is None and at.repo is not None:
        ref = f"refs/remotes/{where.remote}/{where.branch}"
        theirs = at.repo.ref(ref)
        if theirs is not None:
            fetch.seed(store, at.repo.top, ref, theirs)
            known = heard.tip(store)
    if known is None:
        raise _nothing_known(store)
    return known


def _nothing_known(store: Store) -> Unfit | Unreachable:
    """Say why nothing is known of upstream; it is not unreachable if it answered, or if a run is at work beside us."""
    if heard.asked_at(store) is not None:
        lost = "what upstream said of this branch was not kept"
    elif store.writer:
        lost = "upstream was never asked for this branch"
    else:
        return Unreachable("upstream was never fetched; run: rollout status --fetch")
    return Unfit(State.WAITING, said(lost).also(WayOut(Way.ASK), *_at_work(store)))


def _at_work(store: Store) -> tuple[AtWork, ...]:
    return (store.writer,) if store.writer is not None else ()
