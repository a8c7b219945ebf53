"""Write a step to a branch: build the commit, push it, let the checkout follow, and report what happened."""

from __future__ import annotations

import time
from typing import assert_never

from msgspec.structs import replace

from rollout.checkout.standing import git_for, standing
from rollout.errors import Damaged, GitError, RolloutError
from rollout.machine import waiting
from rollout.model.action import Action
from rollout.model.hindrances import OwnCommits, in_words
from rollout.model.inventory import Branch
from rollout.model.outcomes import Note, Outcome, Verdict
from rollout.model.plan import Change, State
from rollout.model.reasons import NONE, Said, said
from rollout.planning.file_reasons import as_it_is, kept
from rollout.planning.proposals import renews
from rollout.remote.answers import Moved, Pushed, Rejected
from rollout.remote.upstream import NoBranch, ask
from rollout.safety.faults import first_line
from rollout.store import fetch, heard, hold, in_sync, keeping, mend, pending, push
from rollout.targets.branch.commit import commit
from rollout.targets.branch.evaluate import last_tip
from rollout.targets.branch.locate import locate
from rollout.targets.branch.outcome import outcome_of
from rollout.targets.branch.own_branch import move_own_branch
from rollout.targets.branch.propose import clear_away, declined, propose
from rollout.targets.branch.push import NotWritten, Unknown, land
from rollout.targets.branch.since_planned import since_planned
from rollout.targets.branch.task import Built, Task
from rollout.targets.branch.update_checkout import CLONED, clone, follow_or_clone, update_checkout
from rollout.targets.job import Job, Unfit

_TRIES = 5
_PAUSE = 0.1  # seconds before the second try


def write(job: Job) -> Outcome:
    """Write one step; whatever happens becomes the outcome, never an exception."""
    started = time.monotonic()
    step = job.step
    assert isinstance(step.location, Branch)
    try:
        at = locate(step.location, job.settings.person)
        with hold.opened(job.settings.state, at.remote, step.target, wait=job.settings.wait, run=job.run.id) as store:
            outcome = _written_or_renewed(Task(job, at, store, step.location))
    except Unfit as error:
        outcome = outcome_of(step, Verdict.BLOCKED, error.why)
    except NoBranch as error:
        outcome = outcome_of(step, Verdict.BLOCKED, said(f"{error} (rollout does not create it again)"))
    except RolloutError as error:
        outcome = outcome_of(step, Verdict.FAILED, said(first_line(str(error))))
    except OSError as error:
        outcome = outcome_of(step, Verdict.FAILED, said(f"{error.filename or ''}: {error.strerror}".lstrip(": ")))
    return replace(outcome, duration_ms=int((time.monotonic() - started) * 1000))


def _written_or_renewed(task: Task) -> Outcome:
    """Write a step; a store that is found damaged on the way is thrown away, so that the next run fetches it again."""
    try:
        return _written(task)
    except Damaged:
        mend.renew(task.store)
        raise


def _written(task: Task) -> Outcome:
    keeping.note(task.store, task.keeps)
    if task.step.state is State.DECLINED:
        return declined(task)
    changes = [change for change in task.step.changes if change.action is not Action.ERROR and not change.idle]
    if not changes and renews(task.step):
        return _with_checkout(task, clear_away(task))
    if not changes and task.keeps:
        return _with_checkout(task, outcome_of(task.step, Verdict.UNCHANGED, kept(task.step)))
    if not changes:
        done = _checkout_alone(task)
        if task.step.overtaken:
            pending.drop(task.store)  # nothing asks any more for the commit that waited
        return done
    refused = _no_place_for_a_commit(task)
    if refused:
        return outcome_of(task.step, Verdict.BLOCKED, said(refused))
    for attempt in range(_TRIES):
        outcome = _try(task, changes, _current_tip(task, attempt))
        if outcome is not None:
            return outcome
        waiting.sleep(waiting.pause(_PAUSE, attempt))
    reason = f"upstream moved during each of {_TRIES} pushes; run it again"
    return outcome_of(task.step, Verdict.FAILED, said(reason))


def _checkout_alone(task: Task) -> Outcome:
    """Bring the checkout to upstream's commit when there is nothing to commit."""
    step = task.step
    if not step.follow or step.base is None:
        return outcome_of(step, Verdict.UNCHANGED, step.why if step.state is State.BEHIND else NONE)
    if task.at.clone:
        assert task.at.top is not None
        fault, done = clone(task, task.at.top), CLONED
        faults: list[Note] = [] if fault is None else [fault]
    else:
        faults, done = follow_or_clone(task, step.base, step.base, published=True), "checkout updated"
    return replace(outcome_of(step, Verdict.UNCHANGED, as_it_is(step), notes=faults or [done]), moved=not faults)


def _with_checkout(task: Task, outcome: Outcome) -> Outcome:
    if not task.step.follow:
        return outcome
    done = _checkout_alone(task)
    return replace(outcome, notes=(*outcome.notes, *done.notes), moved=done.moved)


def _no_place_for_a_commit(task: Task) -> str | None:
    """Say why we cannot make a commit that stays here: we never build on a person's own commits."""
    if task.settings.push or task.at.repo is None or task.at.local or task.proposes:
        return None
    tip = heard.tip(task.store)
    if tip is None:
        return None
    branch, repo = task.where.branch, task.at.repo
    persons = standing(repo, git_for(repo), branch, task.where.remote, tip).persons
    if not persons:
        return None
    own = in_words(OwnCommits(len(persons)))
    return f"{own}; without a push rollout's commit has no place on {branch}"


def _current_tip(task: Task, attempt: int) -> str:
    """Return the commit to build on; the plan's own the first time, because the lease tells if upstream moved."""
    planned = task.step.base
    if (
        attempt == 0
        and planned is not None
        and _leased(task)
        and not task.proposes
        and heard.tip(task.store) == planned
    ):
        return planned
    if task.settings.offline and not task.at.local:
        return last_tip(task.at, task.store, task.where, network=False)
    return fetch.commit(task.store, ask(task.at.remote))


def _leased(task: Task) -> bool:
    """Tell whether we push at once, so that a lease refuses the push if a branch moved."""
    return task.settings.push and not task.settings.offline and not task.at.local


def _try(task: Task, changes: list[Change], tip: str) -> Outcome | None:
    """Publish once; None if upstream moved between our look and our push."""
    other = since_planned(task, tip)
    if other is not None:
        return other
    if task.proposes and _leased(task):
        return propose(task, changes, tip)
    built = commit(task, tip, changes)
    if task.at.local:
        return move_own_branch(task, built)
    if _leased(task):
        return _push(task, built)
    pending.keep(task.store, built.commit)
    if task.proposes:  # a review is not merged from the branch of the checkout
        return outcome_of(task.step, Verdict.COMMITTED, said("ready to be proposed"), built)
    notes = update_checkout(task, built.commit, tip, published=False)
    return outcome_of(task.step, Verdict.COMMITTED, said("ready to push"), built, notes)


def _push(task: Task, built: Built) -> Outcome | None:
    match land(task, built):
        case Pushed():
            notes = [*_note_pushed(task, built), *update_checkout(task, built.commit, built.commit, published=True)]
            notes += [one.words for one in task.step.collides]
            return outcome_of(task.step, Verdict.PUSHED, built=built, notes=notes)
        case Moved():
            return None
        case Rejected(words):
            return outcome_of(task.step, Verdict.REJECTED, said(words), built)
        case NotWritten(reason):
            notes = update_checkout(task, built.commit, built.base, published=False)
            return outcome_of(task.step, Verdict.FAILED, said(reason).also(Said("ready to push")), built, notes)
        case Unknown(reason, seen):
            there = built if seen else Built(built.commit, built.base)
            return outcome_of(task.step, Verdict.UNKNOWN, said(reason), there)
        case never:
            assert_never(never)


def _note_pushed(task: Task, built: Built) -> list[str]:
    """Record a push that upstream has confirmed; whatever goes wrong from now on, it is pushed."""
    try:
        if heard.tip(task.store) != built.base:
            pending.drop(task.store)
            return []
        push.note(task.store, built.commit, built.base, built.changes)
        if built.base == task.step.base:
            in_sync.keep_pushed(task.store, built.commit, task.step)
    except (GitError, OSError) as error:
        return [f"could not record the push here ({first_line(str(error))}); the next run looks again"]
    return []
