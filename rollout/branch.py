"""A branch of a repository as a destination: observe it into a step, write a step, say what came of it."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from rollout import addresses, checkout, commits, follow, git, gitdir, plan, store, workshop
from rollout.checkout import Hindered
from rollout.errors import Busy
from rollout.git import Access, Git, GitError, GitTimeout, Person
from rollout.gitdir import GitDir, NotOurs
from rollout.model import (
    Action,
    Branch,
    Change,
    Desired,
    File,
    Identity,
    Obstacle,
    Outcome,
    Run,
    Snapshot,
    State,
    Step,
    Target,
    Verdict,
    Written,
    WrittenPath,
)
from rollout.plaintext import plain
from rollout.plan import Checkout, Circumstances, Decisions, fingerprint
from rollout.store import NoBranch, Remote, Unreachable
from rollout.workshop import Pending, Workshop

_TRIES = 5
_CLONE = ".rollout-clone."


@dataclass(frozen=True, slots=True)
class Settings:
    """What a unit of work needs besides its target; plain values, so that it can run anywhere."""

    state: Path
    person: Person
    offline: bool = False
    push: bool = True
    wait: float = 60.0  # seconds to wait for another process that uses the same workshop


class Unfit(Exception):
    """The target cannot be worked on; `state` says in which way."""

    def __init__(self, state: State, reason: str) -> None:
        super().__init__(reason)
        self.state = state


@dataclass(frozen=True, slots=True)
class Located:
    """Where a target's upstream and its checkout are."""

    remote: Remote
    repo: GitDir | None
    local: bool  # the checkout's own branch is the upstream
    top: Path | None
    trouble: str | None = None  # why there is a path but no checkout to work in
    clone: bool = False  # the checkout is missing and can be cloned


def locate(where: Branch, person: Person) -> Located:
    """Find out where upstream is; raise Unfit when there is none to be had."""
    repo, trouble = None, None
    top = where.checkout
    exists = top is not None and os.path.lexists(top)
    if top is not None and exists:
        try:
            repo = gitdir.discover(top)
        except NotOurs as error:
            trouble = str(error)
    if where.url is not None:
        return Located(_remote(where.url, where, person), repo, False, top, trouble, top is not None and not exists)
    if repo is None:
        if trouble is not None:
            raise Unfit(State.BLOCKED, trouble)
        raise Unfit(State.MISSING, f"there is no checkout at {top}, and the inventory gives no url to clone")
    urls = repo.remote_urls(where.remote)
    if len(urls) > 1:
        raise Unfit(
            State.BLOCKED, f"remote {where.remote!r} has {len(urls)} addresses to push to; give the target a url"
        )
    if not urls:
        others = repo.remotes()
        if others:
            raise Unfit(State.BLOCKED, f"the checkout has no remote {where.remote!r} (it has: {', '.join(others)})")
        return Located(Remote(str(repo.top), where.branch), repo, True, top)
    return Located(_remote(_absolute(urls[0], repo.top), where, person), repo, False, top)


def _absolute(url: str, top: Path) -> str:
    if addresses.is_local(url) and "://" not in url:
        return os.path.normpath(top / Path(url).expanduser())
    return url


def _remote(url: str, where: Branch, person: Person) -> Remote:
    why = addresses.refusal(url)
    if why:
        raise Unfit(State.BLOCKED, f"the address {addresses.redact(url)!r} {why}")
    clean, secret = addresses.split_secret(url)
    return Remote(clean, where.branch, Access(person.ssh_command, secret, person.patience))


# --- observing


def observe(target: Target, desired: Desired, settings: Settings, decisions: Decisions) -> Step:
    """Return what one repository needs; whatever keeps it from being evaluated is its state and reason."""
    assert isinstance(target.location, Branch)
    try:
        at = locate(target.location, settings.person)
        with workshop.opened(settings.state, at.remote, target.name, wait=settings.wait) as shop:
            try:
                return _observe(target, desired, settings, decisions, at, shop)
            except Unreachable:
                raise
            except GitError:
                if shop.pending_commit() is not None:
                    raise
                shop.reset()  # a damaged store is thrown away once; all it held can be fetched again
                return _observe(target, desired, settings, decisions, at, shop)
    except Unfit as error:
        return _unfit(target, error.state, str(error))
    except NoBranch as error:
        return _unfit(target, State.BLOCKED, str(error))
    except (Unreachable, Busy) as error:
        return _unfit(target, State.UNREACHABLE, _first_line(str(error)))
    except GitError as error:
        return _unfit(target, State.BLOCKED, f"git: {_first_line(str(error))}")
    except OSError as error:
        return _unfit(target, State.BLOCKED, f"{error.filename or target.name}: {error.strerror}")


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]


def _unfit(target: Target, state: State, reason: str) -> Step:
    return Step(target.name, target.location, state, reason, None)


def _observe(
    target: Target, desired: Desired, settings: Settings, decisions: Decisions, at: Located, shop: Workshop
) -> Step:
    assert isinstance(target.location, Branch)
    network = not settings.offline or at.local
    tip = _tip(at, shop, target.location, network=network)
    snapshot = _snapshot(shop, tip, desired, network=network)
    pending = _pending(at, shop, tip, target.location)
    settled = pending is not None and _still_right(desired, snapshot, pending)
    circumstances = Circumstances(
        identity=addresses.identity(at.remote.url),
        pending=pending.commit if pending is not None and settled else None,
        pending_files=dict(pending.files) if pending is not None and settled else {},
        checkout=_checkout(target.location, at, shop, tip, desired, settings.person),
        identity_fault=settings.person.fault,
        known_at=shop.fetched_at(),
    )
    return plan.step_for(target, desired, snapshot, decisions, circumstances)


def _tip(at: Located, shop: Workshop, where: Branch, *, network: bool) -> str:
    """Return upstream's commit: asked for now, or as it was last known."""
    if network:
        return shop.fetch(store.ask(at.remote))
    known = shop.tip()
    if known is None and at.repo is not None:
        ref = f"refs/remotes/{where.remote}/{where.branch}"
        heard = at.repo.ref(ref)
        if heard is not None:
            shop.seed(at.repo.top, ref, heard)
            known = shop.tip()
    if known is None:
        raise Unreachable("upstream was never fetched; run it once without --offline")
    return known


def _snapshot(shop: Workshop, tip: str, desired: Desired, *, network: bool) -> Snapshot:
    bodies = {item.body for item in desired.managed}
    normalised = {body.replace(b"\r\n", b"\n") for body in bodies}
    return shop.snapshot(tip, [item.path for item in desired.managed], bodies | normalised, network=network)


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
    except Hindered:
        return None
    return local if standing.ahead and not standing.persons else None


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
    where: Branch, at: Located, shop: Workshop, tip: str, desired: Desired, person: Person
) -> Checkout | None:
    if at.top is None:
        return None
    if at.clone:
        return Checkout(False, "no checkout yet; apply clones it", can_follow=where.follow)
    if at.trouble is not None:
        return Checkout(False, at.trouble)
    managed = list(desired.managed)
    seen = checkout.observe(at.top, where.branch, where.remote, tip, managed, shop.git, person, follow=where.follow)
    if at.local and not seen.has_it and seen.reason.startswith("on branch"):
        return Checkout()  # the branch itself is upstream, and nobody has it checked out
    return seen


# --- writing


@dataclass(frozen=True, slots=True)
class Job:
    """One step to be written in one run."""

    step: Step
    run: Run
    settings: Settings
    message: str | None = None  # the subject; None keeps that of a commit that waits
    desired: Desired | None = None


def apply(job: Job) -> Outcome:
    """Write one step; whatever happens is the outcome, never an exception."""
    started = time.monotonic()
    step = job.step
    assert isinstance(step.location, Branch)
    try:
        at = locate(step.location, job.settings.person)
        with workshop.opened(job.settings.state, at.remote, step.target, wait=job.settings.wait) as shop:
            outcome = _Write(job, at, shop, step.location).outcome()
    except Unfit as error:
        outcome = _outcome(step, Verdict.BLOCKED, str(error))
    except NoBranch as error:
        outcome = _outcome(step, Verdict.BLOCKED, f"{error} (it is not created again)")
    except Busy as error:
        outcome = _outcome(step, Verdict.FAILED, _first_line(str(error)))
    except GitError as error:
        outcome = _outcome(step, Verdict.FAILED, _first_line(str(error)))
    except OSError as error:
        outcome = _outcome(step, Verdict.FAILED, f"{error.filename or ''}: {error.strerror}".lstrip(": "))
    return replace(outcome, duration_ms=int((time.monotonic() - started) * 1000))


def _outcome(
    step: Step,
    verdict: Verdict,
    reason: str = "",
    commit: str | None = None,
    base: str | None = None,
    notes: Iterable[str] = (),
    changes: Iterable[Change] = (),
) -> Outcome:
    paths = tuple(
        WrittenPath(str(c.path), c.action.value, fingerprint(c.before), fingerprint(c.after)) for c in changes
    )
    return Outcome(
        step.target, verdict, reason, base or step.base, commit, 0, step.kind, step.branch, paths, tuple(notes)
    )


class _Moved(Exception):
    """Upstream moved between our look and our push."""


@dataclass(frozen=True, slots=True)
class _Write:
    job: Job
    at: Located
    shop: Workshop
    where: Branch

    def outcome(self) -> Outcome:
        step = self.job.step
        changes = [change for change in step.changes if change.action is not Action.ERROR]
        if not changes:
            return self._follow_alone()
        refused = self._no_place_for_a_commit()
        if refused:
            return _outcome(step, Verdict.BLOCKED, refused)
        for attempt in range(_TRIES):
            try:
                return self._once(changes)
            except _Moved:
                time.sleep((0.1 + 0.1 * random.random()) * 2**attempt)  # noqa: S311  # no secret: it parts racers
        return _outcome(step, Verdict.FAILED, f"upstream moved {_TRIES} times while it was pushed to; run it again")

    def _no_place_for_a_commit(self) -> str | None:
        """Say why a commit that stays here cannot be made: a person's own commits are never built upon."""
        if self.job.settings.push or self.at.repo is None or self.at.local:
            return None
        tip = self.shop.tip()
        if tip is None:
            return None
        standing = checkout.standing(
            self.at.repo, checkout.git_for(self.at.repo), self.where.branch, self.where.remote, tip
        )
        if standing.persons:
            return (
                f"{len(standing.persons)} of your own commits on {self.where.branch} are not upstream; "
                "without a push rollout's commit has no place"
            )
        return None

    def _once(self, changes: list[Change]) -> Outcome:
        tip = self._current_tip()
        stale = self._stale(tip)
        if stale is not None:
            return stale
        commit = self._commit(tip, changes)
        if self.at.local:
            return self._move_own_branch(commit, tip, changes)
        if not self.job.settings.push or self.job.settings.offline:
            notes = self._follow(commit, tip, published=False)
            return _outcome(self.job.step, Verdict.COMMITTED, "ready to push", commit, tip, notes, changes)
        return self._push(commit, tip, changes)

    def _current_tip(self) -> str:
        if self.job.settings.offline and not self.at.local:
            return _tip(self.at, self.shop, self.where, network=False)
        return self.shop.fetch(store.ask(self.at.remote))

    def _stale(self, tip: str) -> Outcome | None:
        """Compare the managed files at upstream's tip with the plan's, where it moved since."""
        step = self.job.step
        if tip == step.base:
            return None
        snapshot = self.shop.snapshot(
            tip,
            step.managed,
            [c.before.content for c in step.changes if c.before],
            network=not self.job.settings.offline,
        )
        if all(snapshot.files.get(change.path) == change.after for change in step.changes):
            return _outcome(step, Verdict.UNCHANGED, "upstream has got the same meanwhile", None, tip)
        moved = plan.stale_paths(step, snapshot.files)
        if moved:
            names = ", ".join(str(path) for path in moved[:3])
            return _outcome(step, Verdict.STALE, f"upstream changed {names} meanwhile; nothing was written", None, tip)
        return None

    def _commit(self, tip: str, changes: list[Change]) -> str:
        """Return the commit to publish: the one that waits if it is the very same, else a new one on the tip."""
        pending = self.shop.pending()
        if pending is not None and pending.parent == tip and self._same(pending, changes):
            return pending.commit
        identity = self._identity()
        if self._keeps_message(pending):
            assert pending is not None
            text = pending.message
        else:
            subject = self.job.message or default_subject(changes)
            text = commits.message(subject, self.job.run, self.job.step.target, changes)
        return self.shop.build(tip, changes, self.job.run, identity, text)

    def _same(self, pending: Pending, changes: list[Change]) -> bool:
        planned = {change.path: (change.before, change.after) for change in changes}
        if dict(pending.files) != planned:
            return False
        wanted = self.job.message or default_subject(changes)
        return self._keeps_message(pending) or pending.subject == wanted.split("\n", 1)[0]

    def _keeps_message(self, pending: Pending | None) -> bool:
        """Tell whether this is the commit that waited, so that it keeps its words and its run."""
        return self.job.message is None and pending is not None and self.job.step.pending == pending.commit

    def _identity(self) -> Identity:
        identity = self.job.settings.person.identity
        if identity is None:
            raise GitError(self.job.settings.person.fault or "no git identity is configured")
        return identity

    def _push(self, commit: str, tip: str, changes: list[Change]) -> Outcome:
        try:
            result, late = self.shop.push(commit, tip), False
        except GitTimeout:
            result, late = git.Result(-1, b"", "the server did not answer within the time limit"), True
        try:
            now = store.ask(self.at.remote)
        except NoBranch:
            self.shop.drop_pending()
            raise
        except Unreachable as error:
            reason = f"the server did not answer after the push ({_first_line(str(error))})"
            return _outcome(self.job.step, Verdict.UNKNOWN, reason, commit, tip)
        if now == commit or (now != tip and self.shop.contains(commit, self.shop.fetch(now))):
            return self._pushed(commit, tip, changes)
        if now != tip:
            raise _Moved
        return self._refused(result, commit, tip, changes, late=late)

    def _pushed(self, commit: str, tip: str, changes: list[Change]) -> Outcome:
        if self.shop.tip() == tip:
            self.shop.pushed(commit, changes)
        else:
            self.shop.drop_pending()
        notes = self._follow(commit, commit, published=True)
        return _outcome(self.job.step, Verdict.PUSHED, "", commit, tip, notes, changes)

    def _refused(self, result: git.Result, commit: str, tip: str, changes: list[Change], *, late: bool) -> Outcome:
        """Say why upstream is as it was: it refused, it could not be written, or it has not got to it yet."""
        if late:
            reason = "the server did not answer the push in time; it may still take it"
            return _outcome(self.job.step, Verdict.UNKNOWN, reason, commit, tip, changes=changes)
        said = f"{result.err}\n{result.out.decode('utf-8', 'replace')}"
        if "[remote rejected]" in said or "[rejected]" in said or "denied" in said.lower() or "declined" in said:
            return _outcome(self.job.step, Verdict.REJECTED, _server_words(said), commit, tip, changes=changes)
        notes = self._follow(commit, tip, published=False)
        return _outcome(self.job.step, Verdict.FAILED, f"{result.words}; ready to push", commit, tip, notes, changes)

    # --- the checkout

    def _follow(self, commit: str, upstream: str, *, published: bool) -> list[str]:
        """Let the checkout follow, if there is one and it may; return what a person should know about it."""
        if self.at.top is None or (not self.where.follow and not self.at.clone):
            return []
        if self.at.clone:
            return self._clone() if published and self.where.follow else []
        if self.at.repo is None:
            return [f"checkout not touched: {self.at.trouble}"]
        bring = (
            follow.unpack(self.shop.pack(commit, self._parent(commit)))
            if self._has_parent(commit)
            else follow.fetch(self.at.remote.url, self.where.branch, self.at.remote.access, commit)
        )
        to = follow.Destination(self.where.branch, self.where.remote, commit, upstream, published, bring)
        try:
            identity = self.job.settings.person.identity
            return follow.follow(self.at.top, to, self.job.settings.person, identity, self.shop.git.held).notes
        except Hindered as error:
            return [f"checkout left as it is: {error}"]

    def _parent(self, commit: str) -> str:
        return self.shop.git.run("rev-parse", "--verify", f"{commit}^").out.decode().strip()

    def _has_parent(self, commit: str) -> bool:
        """Tell whether the person's repository has what our commit stands on, so that no network is needed."""
        assert self.at.repo is not None
        result = self.shop.git.attempt("rev-parse", "--verify", "--quiet", f"{commit}^")
        parent = result.out.decode().strip()
        refs = (f"refs/heads/{self.where.branch}", f"refs/remotes/{self.where.remote}/{self.where.branch}")
        return bool(parent) and parent in {self.at.repo.ref(ref) for ref in refs}

    def _follow_alone(self) -> Outcome:
        """Nothing to commit: bring the checkout to where upstream is already."""
        step = self.job.step
        if not step.follow or step.base is None:
            return _outcome(step, Verdict.UNCHANGED, step.reason if step.state is State.BEHIND else "")
        if self.at.clone:
            notes = self._clone()
        else:
            notes = self._follow(step.base, step.base, published=True)
        return _outcome(step, Verdict.UNCHANGED, notes=notes or ["checkout updated"])

    def _clone(self) -> list[str]:
        """Put a complete clone at the path, or nothing."""
        assert self.at.top is not None
        top = self.at.top
        top.parent.mkdir(parents=True, exist_ok=True)
        for left in top.parent.glob(f"{top.name}{_CLONE}*"):
            shutil.rmtree(left, ignore_errors=True)
        scratch = top.with_name(f"{top.name}{_CLONE}{os.getpid()}")
        try:
            Git(held=self.shop.git.held).with_access(self.at.remote.access).run(
                "clone", "--quiet", "--template=", "--no-recurse-submodules", f"--origin={self.where.remote}",
                f"--branch={self.where.branch}", "--end-of-options", self.at.remote.url, str(scratch),
                limit=self.at.remote.access.transfer_limit,
            )  # fmt: skip
            scratch.rename(top)
        except GitError as error:
            shutil.rmtree(scratch, ignore_errors=True)
            return [f"checkout not cloned: {_first_line(str(error))}"]
        return ["checkout cloned"]

    def _move_own_branch(self, commit: str, tip: str, changes: list[Change]) -> Outcome:
        """A repository without a remote: its own branch is upstream, so moving it is the rollout."""
        assert self.at.repo is not None
        assert self.at.top is not None
        step = self.job.step
        bring = follow.unpack(self.shop.pack(commit, tip))
        to = follow.Destination(self.where.branch, self.where.remote, commit, tip, False, bring)
        try:
            if self.at.repo.head() == f"refs/heads/{self.where.branch}":
                identity = self.job.settings.person.identity
                notes = follow.follow(self.at.top, to, self.job.settings.person, identity, self.shop.git.held).notes
            else:
                notes = self._move_ref(commit, tip, bring)
        except (Hindered, GitError) as error:
            self.shop.drop_pending()
            return _outcome(step, Verdict.BLOCKED, f"the branch was not moved: {error}")
        self.shop.pushed(commit, changes)
        return _outcome(step, Verdict.COMMITTED, "the repository has no remote", commit, tip, notes, changes)

    def _move_ref(self, commit: str, tip: str, bring: object) -> list[str]:
        """Move a branch that no worktree has checked out; there is no file and no index to follow."""
        assert self.at.repo is not None
        assert callable(bring)
        ref = f"refs/heads/{self.where.branch}"
        elsewhere = self.at.repo.elsewhere(ref)
        if elsewhere is not None:
            raise Hindered(f"branch {self.where.branch} is checked out in another worktree: {elsewhere}")
        runner = checkout.git_for(self.at.repo, self.shop.git.held)
        bring(runner, tip)
        runner.run("update-ref", "-m", "rollout: commit", ref, commit, tip)
        return []


def default_subject(changes: Iterable[Change]) -> str:
    """Return the subject of a commit whose message nobody gave."""
    paths = [PurePosixPath(change.path) for change in changes]
    return f"Roll out {paths[0]}" if len(paths) == 1 else f"Roll out {len(paths)} managed files"


def _server_words(said: str) -> str:
    """Return what the server said about its refusal."""
    words = [plain(line.strip().removeprefix("remote:").strip()) for line in said.splitlines() if "remote:" in line]
    verdict = [plain(line.split("\t")[-1].strip()) for line in said.splitlines() if "rejected]" in line]
    text = "; ".join(dict.fromkeys([*filter(None, words), *verdict])) or git.complaint(said)
    return addresses.redact(text)[:600]
