"""Write a step to a branch: build the commit, push it, let the checkout follow, and say what came of it."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from rollout.checkout import standing as checkout_standing
from rollout.checkout.moving import bring, follow
from rollout.checkout.moving.bring import Bring, Destination, unpack
from rollout.checkout.standing import Hindered, git_for
from rollout.errors import Busy, GitError, GitTimeout
from rollout.git.run import Git, Result
from rollout.machine import files, processes, waiting
from rollout.model.inventory import Branch
from rollout.model.outcomes import Identity, Outcome, Verdict
from rollout.model.plan import Action, Change, State
from rollout.objects import messages
from rollout.planning import review
from rollout.remote import contact
from rollout.remote.upstream import NoBranch, Unreachable, ask
from rollout.store import build, fetch, heard, hold, in_sync, lineage, pending, push, snapshot
from rollout.store.pending import Pending
from rollout.store.store import Store
from rollout.targets.branch.commit import default_subject
from rollout.targets.branch.evaluate import first_line, last_tip
from rollout.targets.branch.locate import Located, locate
from rollout.targets.branch.outcome import outcome_of
from rollout.targets.branch.push import Moved, server_words
from rollout.targets.branch.update_checkout import CLONE
from rollout.targets.job import Job, Unfit

_TRIES = 5

_PAUSE = 0.1  # seconds before the second try


def write(job: Job) -> Outcome:
    """Write one step; whatever happens is the outcome, never an exception."""
    started = time.monotonic()
    step = job.step
    assert isinstance(step.location, Branch)
    try:
        at = locate(step.location, job.settings.person)
        with hold.opened(job.settings.state, at.remote, step.target, wait=job.settings.wait, run=job.run.id) as shop:
            outcome = _Write(job, at, shop, step.location).outcome()
    except Unfit as error:
        outcome = outcome_of(step, Verdict.BLOCKED, str(error))
    except NoBranch as error:
        outcome = outcome_of(step, Verdict.BLOCKED, f"{error} (it is not created again)")
    except Busy as error:
        outcome = outcome_of(step, Verdict.FAILED, first_line(str(error)))
    except GitError as error:
        outcome = outcome_of(step, Verdict.FAILED, first_line(str(error)))
    except OSError as error:
        outcome = outcome_of(step, Verdict.FAILED, f"{error.filename or ''}: {error.strerror}".lstrip(": "))
    return replace(outcome, duration_ms=int((time.monotonic() - started) * 1000))


class _Write(Struct, frozen=True):
    job: Job
    at: Located
    shop: Store
    where: Branch

    def outcome(self) -> Outcome:
        step = self.job.step
        changes = [change for change in step.changes if change.action is not Action.ERROR and not change.idle]
        if not changes:
            return self._follow_alone()
        refused = self._no_place_for_a_commit()
        if refused:
            return outcome_of(step, Verdict.BLOCKED, refused)
        for attempt in range(_TRIES):
            try:
                return self._once(changes, self._current_tip(attempt))
            except Moved:
                waiting.sleep(waiting.pause(_PAUSE, attempt))
        return outcome_of(step, Verdict.FAILED, f"upstream moved {_TRIES} times while it was pushed to; run it again")

    def _no_place_for_a_commit(self) -> str | None:
        """Say why a commit that stays here cannot be made: a person's own commits are never built upon."""
        if self.job.settings.push or self.at.repo is None or self.at.local:
            return None
        tip = heard.tip(self.shop)
        if tip is None:
            return None
        standing = checkout_standing.standing(
            self.at.repo, git_for(self.at.repo), self.where.branch, self.where.remote, tip
        )
        if standing.persons:
            return (
                f"{len(standing.persons)} of your own commits on {self.where.branch} are not upstream; "
                "without a push rollout's commit has no place"
            )
        return None

    def _once(self, changes: list[Change], tip: str) -> Outcome:
        stale = self._stale(tip)
        if stale is not None:
            return stale
        commit = self._commit(tip, changes)
        if self.at.local:
            return self._move_own_branch(commit, tip, changes)
        if not self.job.settings.push or self.job.settings.offline:
            pending.keep(self.shop, commit)
            notes = self._followed(commit, tip, published=False)
            return outcome_of(self.job.step, Verdict.COMMITTED, "ready to push", commit, tip, notes, changes)
        return self._push(commit, tip, changes)

    def _current_tip(self, attempt: int) -> str:
        """Return the commit to build on; the plan asked for it, and the lease tells whether it moved since."""
        planned = self.job.step.base
        if attempt == 0 and planned is not None and self._leased() and heard.tip(self.shop) == planned:
            return planned
        if self.job.settings.offline and not self.at.local:
            return last_tip(self.at, self.shop, self.where, network=False)
        return fetch.commit(self.shop, ask(self.at.remote))

    def _leased(self) -> bool:
        """Tell whether what we build is pushed at once, so that a push to a moved upstream is refused."""
        return self.job.settings.push and not self.job.settings.offline and not self.at.local

    def _stale(self, tip: str) -> Outcome | None:
        """Compare the managed files at upstream's tip with the plan's, where it moved since."""
        step = self.job.step
        if tip == step.base:
            return None
        if step.base is not None and not self.at.local and not lineage.related(self.shop, step.base, tip):
            return outcome_of(step, Verdict.STALE, "upstream has another history now; nothing was written", None, tip)
        there = snapshot.at(
            self.shop,
            tip,
            step.managed,
            [c.before.content for c in step.changes if c.before],
            network=not self.job.settings.offline,
        )
        if all(there.files.get(change.path) == change.after for change in step.changes):
            return self._this_runs_own(there.newest) or outcome_of(
                step, Verdict.UNCHANGED, "upstream has got the same meanwhile", None, tip
            )
        moved = review.stale_paths(step, there.files)
        if moved:
            names = ", ".join(str(path) for path in moved[:3])
            return outcome_of(
                step, Verdict.STALE, f"upstream changed {names} meanwhile; nothing was written", None, tip
            )
        return None

    def _this_runs_own(self, commit: str | None) -> Outcome | None:
        """Return the push that this very run made before: by a worker that was killed before it could say so."""
        step, run = self.job.step, self.job.run
        pushed = pending.read(self.shop, commit) if commit else None
        if pushed is None or messages.run_and_target(pushed.message) != (run.id, step.target):
            return None
        return outcome_of(step, Verdict.PUSHED, "", pushed.commit, pushed.parent, changes=step.changes)

    def _commit(self, tip: str, changes: list[Change]) -> str:
        """Return the commit to publish: the one that waits if it is the very same, else a new one on the tip."""
        waits = pending.read(self.shop)
        if waits is not None and waits.parent == tip and self._same(waits, changes):
            return waits.commit
        identity = self._identity()
        if self._keeps_message(waits):
            assert waits is not None
            text = waits.message
        else:
            subject = self.job.words.message or default_subject(changes)
            trailers = self.job.words.lines(identity.committer)
            text = messages.message(subject, self.job.run, self.job.step.target, changes, trailers)
        return build.commit(self.shop, tip, changes, self.job.run, identity, text)

    def _same(self, pending: Pending, changes: list[Change]) -> bool:
        planned = {change.path: (change.before, change.after) for change in changes}
        if dict(pending.files) != planned:
            return False
        if self._keeps_message(pending):
            return True
        wanted = self.job.words.message or default_subject(changes)
        asked = self.job.words.lines(self._identity().committer)
        return pending.subject == wanted.split("\n", 1)[0] and set(asked) <= set(pending.message.split("\n"))

    def _keeps_message(self, pending: Pending | None) -> bool:
        """Tell whether this is the commit that waited, so that it keeps its words and its run."""
        return not self.job.words.given and pending is not None and self.job.step.pending == pending.commit

    def _identity(self) -> Identity:
        identity = self.job.settings.person.identity
        if identity is None:
            raise GitError(self.job.settings.person.fault or "no git identity is configured")
        return identity

    def _push(self, commit: str, tip: str, changes: list[Change]) -> Outcome:
        try:
            result, late = push.push(self.shop, commit, tip), False
        except GitTimeout:
            result, late = Result(-1, b"", "the server did not answer within the time limit"), True
        except (GitError, OSError) as error:
            result, late = Result(-1, b"", str(error)), False  # which says nothing of where the branch is now
        try:
            now = ask(self.at.remote)
        except NoBranch:
            pending.drop(self.shop)
            raise
        except (Unreachable, OSError) as error:
            reason = f"the server did not answer after the push ({first_line(str(error))})"
            return outcome_of(self.job.step, Verdict.UNKNOWN, reason, commit, tip)
        try:
            arrived = now == commit or (now != tip and lineage.reaches(self.shop, commit, fetch.commit(self.shop, now)))
        except (GitError, OSError) as error:
            reason = f"upstream moved on after the push, and could not be fetched ({first_line(str(error))})"
            return outcome_of(self.job.step, Verdict.UNKNOWN, reason, commit, tip)
        if arrived:
            return self._pushed(commit, tip, changes)
        if now != tip:
            raise Moved
        return self._refused(result, commit, tip, changes, late=late)

    def _pushed(self, commit: str, tip: str, changes: list[Change]) -> Outcome:
        """Note a push that upstream has confirmed: whatever goes wrong here from now on, it is pushed."""
        notes = []
        try:
            self._note_pushed(commit, tip, changes)
        except (GitError, OSError) as error:
            notes = [f"what was pushed could not be noted here ({first_line(str(error))}); the next run looks again"]
        notes += self._followed(commit, commit, published=True)
        return outcome_of(self.job.step, Verdict.PUSHED, "", commit, tip, notes, changes)

    def _note_pushed(self, commit: str, tip: str, changes: list[Change]) -> None:
        if heard.tip(self.shop) == tip:
            push.note(self.shop, commit, tip, changes)
            if tip == self.job.step.base:
                in_sync.keep_pushed(self.shop, commit, self.job.step)
        else:
            pending.drop(self.shop)

    def _refused(self, result: Result, commit: str, tip: str, changes: list[Change], *, late: bool) -> Outcome:
        """Say why upstream is as it was, or seems so: it refused, could not be written, or has not got to it yet."""
        pending.keep(self.shop, commit)
        if late:
            reason = "the server did not answer the push in time; it may still take it"
            return outcome_of(self.job.step, Verdict.UNKNOWN, reason, commit, tip, changes=changes)
        if result.code == 0:
            reason = "the server took the push, and still shows the old commit (a mirror that lags?); run it again"
            return outcome_of(self.job.step, Verdict.UNKNOWN, reason, commit, tip, changes=changes)
        said = f"{result.err}\n{result.out.decode('utf-8', 'replace')}"
        if "[remote rejected]" in said or "[rejected]" in said or "denied" in said.lower() or "declined" in said:
            return outcome_of(self.job.step, Verdict.REJECTED, server_words(said), commit, tip, changes=changes)
        notes = self._followed(commit, tip, published=False)
        return outcome_of(self.job.step, Verdict.FAILED, f"{result.words}; ready to push", commit, tip, notes, changes)

    # --- the checkout

    def _followed(self, commit: str, upstream: str, *, published: bool) -> list[str]:
        """Let the checkout follow what is committed or pushed already: that it could not is a note."""
        try:
            return self._follow(commit, upstream, published=published)
        except (GitError, OSError) as error:
            return [f"checkout left as it is: {first_line(str(error))}"]

    def _follow(self, commit: str, upstream: str, *, published: bool) -> list[str]:
        """Let the checkout follow, if there is one and it may; return what a person should know about it."""
        if self.at.top is None or (not self.where.follow and not self.at.clone):
            return []
        if self.at.clone:
            return self._clone() if published and self.where.follow else []
        if self.at.repo is None:
            return [f"checkout not touched: {self.at.trouble}"]
        try:
            notes = [] if published or self._has(commit) else self._catch_up(upstream)
            return notes + self._moved(commit, upstream, published=published)
        except Hindered as error:
            return [f"checkout left as it is: {error}"]

    def _catch_up(self, upstream: str) -> list[str]:
        """Bring a checkout that is behind to upstream's commit: only there has a commit of ours its place."""
        if self._has(upstream):
            return []
        if self.job.settings.offline:
            raise Hindered("it is behind upstream, and --offline fetches nothing")
        return self._moved(upstream, upstream, published=True)

    def _moved(self, commit: str, upstream: str, *, published: bool) -> list[str]:
        """Move the checkout; raise Hindered, with everything as it was, where that is not safe now."""
        assert self.at.top is not None
        bring = self._bring(commit)
        to = Destination(self.where.branch, self.where.remote, commit, upstream, published, bring)
        identity = self.job.settings.person.identity
        return follow.follow(self.at.top, to, self.job.settings.person, identity, self.shop.git.held).notes

    def _bring(self, commit: str) -> Bring:
        """Choose how the commit gets into the person's repository: handed over where that can be, else fetched."""
        parent = lineage.parent(self.shop, commit)
        if parent is not None and self._has(parent):
            with suppress(GitError):  # of what others built, the store may have neither old trees nor every content
                return unpack(push.pack(self.shop, commit, parent))
        return bring.fetch(self.at.remote.url, self.where.branch, self.at.remote.access, commit)

    def _has(self, parent: str) -> bool:
        """Tell whether the person's repository has what our commit stands on, so that no network is needed."""
        assert self.at.repo is not None
        refs = (f"refs/heads/{self.where.branch}", f"refs/remotes/{self.where.remote}/{self.where.branch}")
        return parent in {self.at.repo.ref(ref) for ref in refs}

    def _follow_alone(self) -> Outcome:
        """Nothing to commit: bring the checkout to where upstream is already."""
        step = self.job.step
        if not step.follow or step.base is None:
            return outcome_of(step, Verdict.UNCHANGED, step.reason if step.state is State.BEHIND else "")
        if self.at.clone:
            notes = self._clone()
        else:
            notes = self._follow(step.base, step.base, published=True)
        return outcome_of(step, Verdict.UNCHANGED, notes=notes or ["checkout updated"])

    def _clone(self) -> list[str]:
        """Put a complete clone at the path, or nothing."""
        assert self.at.top is not None
        top = self.at.top
        top.parent.mkdir(parents=True, exist_ok=True)
        for left in top.parent.glob(f"{top.name}{CLONE}*"):
            if not processes.runs(left.name.rpartition(".")[2]):
                shutil.rmtree(left, ignore_errors=True)
        scratch = top.with_name(f"{top.name}{CLONE}{os.getpid()}")
        try:
            contact.run(
                Git(held=self.shop.git.held), self.at.remote.url, self.at.remote.access,
                "clone", "--quiet", "--template=", "--no-recurse-submodules", f"--origin={self.where.remote}",
                f"--branch={self.where.branch}", "--end-of-options", self.at.remote.url, str(scratch),
                limit=self.at.remote.access.transfer_limit,
            )  # fmt: skip
            files.sync_all(scratch)  # before it has its name: of half a clone nobody could tell that it is one
            scratch.rename(top)
            files.sync_folder(top.parent)
        except (GitError, OSError) as error:
            shutil.rmtree(scratch, ignore_errors=True)
            return [f"checkout not cloned: {first_line(str(error))}"]
        return ["checkout cloned"]

    def _move_own_branch(self, commit: str, tip: str, changes: list[Change]) -> Outcome:
        """A repository without a remote: its own branch is upstream, so moving it is the rollout."""
        assert self.at.repo is not None
        assert self.at.top is not None
        step = self.job.step
        bring = unpack(push.pack(self.shop, commit, tip))
        to = Destination(self.where.branch, self.where.remote, commit, tip, False, bring)
        try:
            if self.at.repo.head() == f"refs/heads/{self.where.branch}":
                identity = self.job.settings.person.identity
                notes = follow.follow(self.at.top, to, self.job.settings.person, identity, self.shop.git.held).notes
            else:
                notes = self._move_ref(commit, tip, bring)
        except (Hindered, GitError) as error:
            pending.drop(self.shop)
            return outcome_of(step, Verdict.BLOCKED, f"the branch was not moved: {error}")
        push.note(self.shop, commit, tip, changes)
        return outcome_of(step, Verdict.COMMITTED, "the repository has no remote", commit, tip, notes, changes)

    def _move_ref(self, commit: str, tip: str, bring: object) -> list[str]:
        """Move a branch that no worktree has checked out; there is no file and no index to follow."""
        assert self.at.repo is not None
        assert callable(bring)
        ref = f"refs/heads/{self.where.branch}"
        elsewhere = self.at.repo.elsewhere(ref)
        if elsewhere is not None:
            raise Hindered(f"branch {self.where.branch} is checked out in another worktree: {elsewhere}")
        runner = git_for(self.at.repo, self.shop.git.held)
        bring(runner, tip)
        runner.run("update-ref", "-m", "rollout: commit", ref, commit, tip)
        return []
