"""Observe a branch of a repository into a step: upstream, the commit that waits, the checkout."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from rollout import addresses, checkout, known, plan, store, workshop
from rollout.checkout import Hindered
from rollout.errors import Busy
from rollout.git import GitError, Person
from rollout.gitdir import GitDir
from rollout.known import Entries, InSync
from rollout.locate import Located, Settings, Unfit, locate
from rollout.model import (
    Branch,
    Desired,
    File,
    Mode,
    Obstacle,
    Snapshot,
    State,
    Step,
    Target,
    Written,
)
from rollout.plan import Checkout, Circumstances, Decisions
from rollout.store import NoBranch, Unreachable
from rollout.workshop import Pending, Workshop


class Seen(Struct, frozen=True):
    """What a glance came to: a step, or else upstream's commit if it was asked."""

    step: Step | None = None
    heard: str | None = None


def glance(target: Target, asked: str, settings: Settings) -> Seen:
    """Return the step of a repository that is in sync and was so before, when its templates asked for the same.

    Nothing needs to be rendered for that, no tree and no history read: for all others the step is None.
    """

    def look(at: Located, shop: Workshop) -> Step | str | None:
        if not shop.was_in_sync(asked):
            return None
        try:
            return _glance(target, asked, settings, at, shop)
        except Unreachable as error:
            known = None if settings.offline else _glance(target, asked, replace(settings, offline=True), at, shop)
            if not isinstance(known, Step):
                raise
            return _unanswered(known, first_line(str(error)))
        except GitError:
            return None  # a damaged store is dealt with by the full look

    assert isinstance(target.location, Branch)
    try:
        at = locate(target.location, settings.person, for_git=False)
        shop = workshop.unheld(settings.state, at.remote, target.name)
        if not shop.was_in_sync(asked):
            return Seen()
        step = _passing(target, asked, settings, at, shop)
    except (Unfit, OSError):
        return Seen()  # the full look says why
    seen = step if step is not None else _at_work(target, settings, look)
    return Seen(seen) if isinstance(seen, Step) else Seen(heard=seen)


def _passing(target: Target, asked: str, settings: Settings, at: Located, shop: Workshop) -> Step | None:
    """Return the step where all is as it was, seen without holding the workshop, which nothing is written to."""
    assert isinstance(target.location, Branch)
    ask = not settings.offline or at.local
    if at.local and at.repo is not None:
        tip = at.repo.ref(at.remote.ref)
    else:
        tip = store.seen(at.remote) if ask else shop.tip()
    seen = None if tip is None else shop.known_in_sync(tip, asked)
    if tip is None or seen is None or (ask and shop.tip() != tip) or shop.absent() or shop.pending_commit() is not None:
        return None
    if ask:
        shop.note_asked()
    return _as_it_was(target, seen, settings, at, shop)


def _as_it_was(target: Target, seen: InSync, settings: Settings, at: Located, shop: Workshop) -> Step | None:
    """Return the step of earlier findings that still hold upstream, where it is plain how the checkout stands."""
    assert isinstance(target.location, Branch)
    settled, there = _plain_checkout(target.location, at, seen.findings.revision, seen.entries)
    return plan.step_of(target, seen.findings, _circumstances(at, shop, settings, there)) if settled else None


def _glance(target: Target, asked: str, settings: Settings, at: Located, shop: Workshop) -> Step | str | None:
    assert isinstance(target.location, Branch)
    tip = _asked_tip(at, shop, settings)
    seen = None if tip is None else shop.known_in_sync(tip, asked)
    if tip is None or seen is None or _pending(at, shop, tip, target.location) is not None:
        return tip
    if not settings.offline:
        shop.fetch(tip)
    return _as_it_was(target, seen, settings, at, shop) or tip


def _asked_tip(at: Located, shop: Workshop, settings: Settings) -> str | None:
    if not settings.offline or at.local:
        return shop.ask()
    return None if shop.absent() else shop.tip()


T = TypeVar("T")


def _at_work(target: Target, settings: Settings, look: Callable[[Located, Workshop], T]) -> T | Step:
    """Look at a target in its workshop; whatever keeps it from being evaluated is its state and reason."""
    assert isinstance(target.location, Branch)
    try:
        at = locate(target.location, settings.person)
        with workshop.seen(settings.state, at.remote, target.name, wait=settings.wait) as shop:
            return _beside_a_writer(look(at, shop), shop)
    except Unfit as error:
        return _unfit(target, error.state, str(error))
    except NoBranch as error:
        return _unfit(target, State.BLOCKED, str(error))
    except Unreachable as error:
        return _unfit(target, State.UNREACHABLE, first_line(str(error)))
    except Busy as error:
        return _unfit(target, State.BLOCKED, first_line(str(error)))
    except GitError as error:
        return _unfit(target, State.BLOCKED, f"git: {first_line(str(error))}")
    except OSError as error:
        return _unfit(target, State.BLOCKED, f"{error.filename or target.name}: {error.strerror}")


def _beside_a_writer(found: T | Step, shop: Workshop) -> T | Step:
    """Say of a target that is not as it should be which run is at work on it."""
    if not isinstance(found, Step) or not shop.writer.startswith("run ") or found.state is State.IN_SYNC:
        return found
    return replace(found, reason="; ".join(filter(None, (found.reason, f"{shop.writer} is at work on it"))))


def observe(
    target: Target,
    desired: Desired,
    settings: Settings,
    decisions: Decisions,
    asked: str = "",
    heard: str | None = None,
) -> Step:
    """Return what one repository needs; `asked` says what decides that, `heard` what upstream was a moment ago."""

    def look(at: Located, shop: Workshop) -> Step:
        try:
            return _observe(target, desired, settings, decisions, at, shop, asked, heard)
        except Unreachable as error:
            if settings.offline:
                raise
            try:
                known = _observe(target, desired, replace(settings, offline=True), decisions, at, shop, "", None)
            except GitError:
                raise error from None  # nothing is known; why the remote did not answer is what there is to say
            return _unanswered(known, first_line(str(error)))
        except NoBranch:
            raise
        except GitError:
            shop.renew()  # a damaged store is thrown away once; all it held can be fetched again
            return _observe(target, desired, settings, decisions, at, shop, asked, None)

    return _at_work(target, settings, look)


def _unanswered(known: Step, why: str) -> Step:
    """Return what is known from before of a target whose remote did not answer; nothing is planned on that."""
    return replace(known, state=State.UNREACHABLE, reason=why, changes=(), managed={}, follow=False, checkout=())


def first_line(text: str) -> str:
    return text.split("\n", 1)[0]


def _unfit(target: Target, state: State, reason: str) -> Step:
    return Step(target.name, target.location, state, reason, None)


def _observe(
    target: Target,
    desired: Desired,
    settings: Settings,
    decisions: Decisions,
    at: Located,
    shop: Workshop,
    asked: str,
    heard: str | None,
) -> Step:
    assert isinstance(target.location, Branch)
    network = not settings.offline or at.local
    tip = shop.fetch(heard) if heard and network else last_tip(at, shop, target.location, network=network)
    if not at.local:
        _same_project(shop, tip, decisions)
    snapshot = _snapshot(shop, tip, desired, network=network)
    pending = _pending(at, shop, tip, target.location)
    outrun = () if pending is None else _outrun(snapshot, pending)
    settled = pending is not None and not outrun and _still_right(desired, snapshot, pending)
    entries = known.entries_of(desired, snapshot)
    there = _checkout(target.location, at, shop, tip, desired, settings.person, entries)
    if there is not None and there.behind is None and network and shop.deepen():
        there = _checkout(target.location, at, shop, tip, desired, settings.person, entries)
    circumstances = replace(
        _circumstances(at, shop, settings, there),
        pending=pending.commit if pending is not None and settled else None,
        pending_files=dict(pending.files) if pending is not None and settled else {},
        overtaken=pending is not None and not settled,
        outrun=outrun,
    )
    found = plan.findings(desired, snapshot, decisions)
    with suppress(OSError):  # a note that has no room costs this memory, and the next full look makes it
        shop.note(tip, found.equal)
        if asked and pending is None and entries is not None and not found.changes:
            shop.keep_in_sync(InSync(found, entries), asked)
    return replace(plan.step_of(target, found, circumstances), asked=asked)


def _same_project(shop: Workshop, tip: str, decisions: Decisions) -> None:
    """Raise Unfit where the address leads to another project than before, unless a person says that it is right."""
    if not shop.is_strange(tip):
        shop.believe(tip)
    elif not decisions.adopt:
        raise Unfit(
            State.BLOCKED,
            "adopt: upstream has no commit in common with what it was before: another project is at this address, or "
            "its history was written anew; rollout apply --adopt takes it over",
        )


def _circumstances(at: Located, shop: Workshop, settings: Settings, checkout: Checkout | None) -> Circumstances:
    return Circumstances(
        identity=addresses.identity(at.remote.url),
        checkout=checkout,
        identity_fault=settings.person.fault,
        author=settings.person.identity.author.shown if settings.person.identity else "",
        known_at=shop.fetched_at(),
    )


def last_tip(at: Located, shop: Workshop, where: Branch, *, network: bool) -> str:
    """Return upstream's commit: asked for now, or as it was last known."""
    if network:
        return shop.latest()
    if shop.absent():
        raise store.no_branch(at.remote)
    known = shop.tip()
    if known is None and at.repo is not None:
        ref = f"refs/remotes/{where.remote}/{where.branch}"
        heard = at.repo.ref(ref)
        if heard is not None:
            shop.seed(at.repo.top, ref, heard)
            known = shop.tip()
    if known is None:
        raise Unreachable("upstream was never fetched; rollout status --fetch asks it")
    return known


def _snapshot(shop: Workshop, tip: str, desired: Desired, *, network: bool) -> Snapshot:
    bodies = {item.body for item in desired.managed}
    normalised = {body.replace(b"\r\n", b"\n") for body in bodies}
    merged = {item.path for item in desired.managed if item.mode is Mode.MERGE}
    paths = [item.path for item in desired.managed]
    return shop.snapshot(tip, paths, bodies | normalised, network=network, merged=merged)


def _pending(at: Located, shop: Workshop, tip: str, where: Branch) -> Pending | None:
    """Return our own commit that is not upstream: the pinned one, or one that an earlier run left on the branch."""
    commit = shop.pending_commit()
    if commit is None and at.repo is not None and not at.local:
        commit = _ours_on_branch(at.repo, where, tip)
        if commit is not None:
            shop.adopt(at.repo.top, where.branch, commit)
    if commit is None:
        return None
    if shop.contains(commit, tip):
        shop.drop_pending()
        return None
    return shop.pending()


def _ours_on_branch(repo: GitDir, where: Branch, tip: str) -> str | None:
    local = repo.ref(f"refs/heads/{where.branch}")
    if local is None or local == tip:
        return None
    try:
        standing = checkout.standing(repo, checkout.git_for(repo), where.branch, where.remote, tip)
    except (Hindered, GitError):
        return None
    return local if standing.ahead and not standing.persons else None


def _outrun(snapshot: Snapshot, pending: Pending) -> tuple[PurePosixPath, ...]:
    """Return the managed files of the waiting commit that upstream has neither as they were nor as it makes them."""
    there = snapshot.files
    return tuple(path for path, sides in pending.files.items() if path in there and there[path] not in sides)


def _still_right(desired: Desired, snapshot: Snapshot, pending: Pending) -> bool:
    """Tell whether the waiting commit, on upstream as it is now, is all that the templates ask for."""
    for item in desired.managed:
        actual: File | Obstacle | None = snapshot.files.get(item.path)
        written = snapshot.written.get(item.path)
        if item.path in pending.files:
            before, after = pending.files[item.path]
            if actual != before:
                return False
            actual = after
            written = Written(after, pending.commit, merged=pending.merged.get(str(item.path)))
        if not plan.satisfied(item, actual, written, snapshot.line_ends.get(item.path, "binary")):
            return False
    return not desired.problems


def _checkout(
    where: Branch,
    at: Located,
    shop: Workshop,
    tip: str,
    desired: Desired,
    person: Person,
    entries: Entries | None,
) -> Checkout | None:
    settled, there = _plain_checkout(where, at, tip, entries)
    if settled or at.top is None:
        return there
    managed = list(desired.managed)
    seen = checkout.observe(at.top, where.branch, where.remote, tip, managed, shop, person, follow=where.follow)
    if at.local and not seen.has_it and seen.reason.startswith("on branch"):
        return Checkout()  # the branch itself is upstream, and nobody has it checked out
    return seen


def _plain_checkout(where: Branch, at: Located, tip: str, entries: Entries | None) -> tuple[bool, Checkout | None]:
    """Tell whether it is plain how the checkout stands, and then how."""
    if at.top is None:
        return True, None
    if at.clone:
        return True, Checkout(False, "no checkout yet; apply clones it", can_follow=where.follow)
    if at.trouble is not None:
        return True, Checkout(False, at.trouble)
    if at.repo is not None and entries is not None and checkout.has_all(at.repo, where.branch, tip, entries):
        return True, Checkout(commit=tip)
    return False, None
