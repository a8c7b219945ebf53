"""What rollout did on a branch before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.errors import GitError, RolloutError
from rollout.model.circumstances import Circumstances, Decisions
from rollout.model.files import File, Obstacle, Snapshot, fingerprint
from rollout.model.inventory import Branch, Target
from rollout.model.outcomes import Outcome, Verdict, WrittenPath
from rollout.model.plan import State, Step
from rollout.model.reasons import said
from rollout.model.reviews import Deliver
from rollout.planning.proposals import delivery_of, taken_back, taken_over
from rollout.planning.undo import Undone, action_between, changed_since, on_hold, stands, undone
from rollout.remote import upstream
from rollout.safety.shown import plain
from rollout.store import authors, fetch, heard, hold, keeping, own_commits, pending, proposals, snapshot
from rollout.store.store import Store
from rollout.targets.branch import proposal_state
from rollout.targets.branch.locate import Located, locate
from rollout.targets.branch.proposal import Proposing, proposing
from rollout.targets.branch.proposal_files import in_review, sides
from rollout.targets.job import Remembered, RevertRequest, Settings, Unfit


def branch_history(
    target: Target, where: Branch, path: PurePosixPath, settings: Settings
) -> tuple[str | None, tuple[str, ...]]:
    try:
        at = locate(where, settings.person)
        offline = settings.offline and not at.local
        with hold.for_reading(settings.state, at.remote, target.name, wait=settings.wait, asks=not offline) as store:
            tip = heard.tip(store) if offline else fetch.commit(store, upstream.ask(at.remote))
            if tip is None:
                return None, ()
            there = snapshot.at(store, tip, [path], [b""], network=not settings.offline)
            written = there.written.get(path)
            if written is None or written.commit is None:
                return None, ()
            since = own_commits.changed_since(store, written.commit, tip, path)
            return written.commit, tuple(plain(line) for line in since)
    except (Unfit, GitError) as error:
        raise RolloutError(f"{target.name}: {error}") from error


def branch_step(back: RevertRequest, where: Branch, settings: Settings) -> Step:
    """Return the step that undoes an outcome on a branch, or in the review that proposes it."""
    target, outcome = back.target, back.outcome
    at = locate(where, settings.person)
    paths = [PurePosixPath(path.path) for path in outcome.paths]
    with hold.opened(settings.state, at.remote, target.name, wait=settings.wait) as store:
        if outcome.commit is None:
            raise GitError("the run made no commit here")
        tip = fetch.commit(store, upstream.ask(at.remote))
        deliver = Deliver.REVIEW if outcome.verdict is Verdict.PROPOSED else None
        delivery = delivery_of(target, Decisions(deliver=deliver))
        offered = proposing(delivery, at, store, tip, changing=bool(outcome.paths), network=True)
        review = None if offered is None else in_review(offered, store)
        looked = [*paths, *(review.files if review else ())]
        there = snapshot.at(store, tip, looked, [], network=True, merged=paths)
        if pending.pinned(store) == outcome.commit and not own_commits.has_waiting(store):
            raise GitError(_NEVER_PUSHED)
        left = changed_since(outcome, there)
        files = {path: file for path in left if not isinstance(file := there.files.get(path), Obstacle)}
        later = own_commits.later_writes(store, back.run, outcome.commit, files)
        theirs = authors.last_changes(store, tip, set(left) - later.runs.keys() - later.taken_back, network=True)
        there = replace(there, changed_by=theirs, later=later)
        before = _before(store, outcome, stands(outcome, there), there)
        found = on_hold(
            undone(target, outcome, there, before, undoing_by(at.remote.url, settings), review),
            back.desired,
            replace(there, written=snapshot.undoing(store, there, before)),
        )
        if offered is not None:
            return _in_review(back, found, offered, store)
        return replace(found.step, follow=_lags(found.step, at, where, tip))


def branch_pushed_by(target: str, where: Branch, run: str, settings: Settings) -> Outcome | None:
    """Return what a run that was stopped had pushed to a branch before it recorded that; None if it pushed nothing."""
    at = locate(where, settings.person)
    with hold.opened(settings.state, at.remote, target, wait=settings.wait) as store:
        tip = fetch.commit(store, upstream.ask(at.remote))
        commit = own_commits.of_run(store, tip, run)
        sides_of = {} if commit is None else own_commits.made(store, commit)
    if commit is None:
        return None
    return Outcome(target, Verdict.PUSHED, commit=commit, branch=where.branch, paths=_written(sides_of))


def _written(found: Mapping[PurePosixPath, tuple[File | None, File | None]]) -> tuple[WrittenPath, ...]:
    return tuple(
        WrittenPath(str(path), action_between(old, new), fingerprint(old), fingerprint(new))
        for path, (old, new) in found.items()
    )


def proposal_remembered(target: str, where: Branch, settings: Settings) -> Remembered:
    """Return what is remembered of a proposal; contact nobody, and hold nothing."""
    try:
        at = locate(where, settings.person, for_git=False)
        memo = hold.unheld(settings.state, at.remote, target).memory.memo()
    except (Unfit, OSError):
        return Remembered(looked=False)
    return Remembered(memo.tip is not None, None if memo.proposed is None else memo.proposed.standing)


def branch_taken_back(target: str, where: Branch, run: str, settings: Settings) -> list[PurePosixPath]:
    """Return what a run took out of a proposal, as far as that is on hold since; contact nobody, and hold nothing."""
    try:
        at = locate(where, settings.person, for_git=False)
        return keeping.taken_back(hold.unheld(settings.state, at.remote, target), run)
    except (Unfit, OSError):
        return []


def in_proposal(step: Step, settings: Settings) -> tuple[WrittenPath, ...]:
    """Return what the commit of a step's proposal changes; raise GitError if it cannot be read."""
    where, standing = step.location, step.standing
    if not isinstance(where, Branch) or standing is None or standing.head is None:
        return ()
    at = locate(where, settings.person)
    with hold.opened(settings.state, at.remote, step.target, wait=settings.wait) as store:
        carried = proposals.carried(store, standing.at, standing.head)
        return _written(sides(store, carried))


def _lags(step: Step, at: Located, where: Branch, tip: str) -> bool:
    """Tell whether a run that was stopped after its push has left the checkout where it was."""
    if step.state is not State.IN_SYNC or step.changes or at.repo is None or not where.follow:
        return False
    return at.repo.ref(f"refs/heads/{where.branch}") != tip


_NEVER_PUSHED = "its commit was never pushed; correct the template and run `rollout apply` to replace it"
_FORGOTTEN = "what was there before the run is not known here any more; mend it by hand or with the templates"


def _before(
    store: Store, outcome: Outcome, paths: Collection[PurePosixPath], there: Snapshot
) -> dict[PurePosixPath, File | None]:
    """Return the files as the run found them: as its commit says, or the commit upstream that a forge made of that."""
    found = _made(store, outcome)
    for path in set(paths) - found.keys():
        now = there.files.get(path)
        found[path] = own_commits.before(store, path, now if isinstance(now, File) else None)
    known = {written.path: written.before for written in outcome.paths}
    wanted = {path: found[path] for path in paths}
    if any(fingerprint(file) != known[str(path)] for path, file in wanted.items()):
        raise GitError(_FORGOTTEN)
    return wanted


def _made(store: Store, outcome: Outcome) -> dict[PurePosixPath, File | None]:
    try:
        return {path: pair[0] for path, pair in own_commits.made(store, outcome.commit or "").items()}
    except GitError:
        return {}  # a proposal is not upstream itself where a forge squashed it


def _in_review(back: RevertRequest, found: Undone, offered: Proposing, store: Store) -> Step:
    """Return the step that undoes an outcome as its proposal has it."""
    if found.step.state is State.BLOCKED:
        return found.step
    step = proposal_state.with_proposal(found.step, back.desired, offered, store, Decisions(reopen=back.reopen))
    proposal_state.remember(step, offered, store)
    standing, again = step.standing, f"rollout revert {back.run} --reopen"
    if standing is not None and standing.taken_over and not back.reopen:
        why = said(f"{taken_over(standing)}; {again} begins on another branch")
        return replace(step, state=State.BLOCKED, why=why)
    if not step.changes and not found.taken_back:
        return found.step
    if standing is not None and step.state is State.DECLINED:
        return replace(step, why=said(f"{standing.declined}; {again} proposes it again"))
    assert step.proposal is not None
    step = replace(step, proposal=replace(step.proposal, taken_back=found.taken_back, run=back.run))
    if standing is not None and not step.changes:
        return replace(step, state=State.IN_REVIEW, why=said(taken_back(standing)))
    return step


def undoing_by(url: str, settings: Settings) -> Circumstances:
    identity = settings.person.identity
    return Circumstances(
        identity=url, identity_fault=settings.person.fault, author=identity.author.shown if identity else ""
    )
