"""Compare a reviewed plan with the decisions and the world as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.content.patterns import matches_exactly
from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.few import few
from rollout.model.files import File, Obstacle, fingerprint
from rollout.model.inputs import Input
from rollout.model.inventory import Branch, Folder, Target
from rollout.model.plan import Change, State, Step
from rollout.planning import keeping


def same_place(step: Step, target: Target) -> bool:
    match step.location, target.location:
        case Branch() as then, Branch() as now:
            return (then.branch, then.remote, then.checkout) == (now.branch, now.remote, now.checkout)
        case Folder() as then_folder, Folder() as now_folder:
            return then_folder == now_folder
        case _:
            return False


def stale_targets(then: Step, now: Step, *, whole: bool = False) -> str | None:
    """Say what has changed in a target since it was reviewed, all of it or the first of many paths.

    A branch that merely moved does not count.
    """
    if now.state in {State.MISSING, State.UNREACHABLE}:
        return None
    if then.identity and now.identity and then.identity != now.identity:
        return "is at another address than when the plan was made"
    both = then.managed.keys() & now.managed.keys()
    changed = sorted(str(path) for path in both if then.managed[path] != now.managed[path])
    changed += [name for name in read_since(then.inputs, now.inputs) if name not in changed]
    named = few(changed, len(changed) if whole else 3, "-v names them")
    return f"{named} changed since the plan was made" if changed else None


def other_authors(saved: Iterable[Step], fresh: Mapping[str, Step]) -> list[tuple[str, str]]:
    """Return whose commits the reviewed changes were to be and whose they will be, where that differs."""
    changing = [(step.author, fresh[step.target].author) for step in saved if step.changes and step.target in fresh]
    return [(then, now) for then, now in dict.fromkeys(changing) if then and now and then != now]


def read_since(then: Iterable[Input], now: Iterable[Input]) -> list[str]:
    """Return the inputs of templates that have changed since then."""
    known = {(one.target, one.path, one.glob): one.sha256 for one in now}
    return [
        f"{one.path} of {one.target}"
        for one in then
        if known.get((one.target, one.path, one.glob), one.sha256) != one.sha256
    ]


_NEWS = {State.WAITING, State.IN_REVIEW, State.DECLINED}  # what others did since then decides these


def as_reviewed(saved: Step, now: Step, decisions: Decisions) -> Step:
    """Combine the reviewed step, the target's present place, and the person's present decisions."""
    if now.state in {State.MISSING, State.UNREACHABLE}:
        return now
    if saved.changes and now.state is State.BLOCKED and not any(c.action is Action.ERROR for c in now.changes):
        return now  # a commit may be impossible now that was possible when it was planned: the identity, the branch
    if now.frozen:
        return now
    return replace(
        decided(_told_anew(saved, now), decisions),
        location=now.location,
        state=now.state if now.state in _NEWS or saved.state in _NEWS else saved.state,
        why=now.why if now.state in _NEWS else saved.why,
        needs=now.needs,
        via=now.via,
        delivery=now.delivery,
        standing=now.standing,
        collides=now.collides,
        author=now.author,
        budgets=now.budgets,
        findings=now.findings,
        base=_base(saved, now),
        pending=now.pending,
        follow=now.follow,
        orphans=now.orphans,
        warnings=now.warnings,
    )


def _base(saved: Step, now: Step) -> str | None:
    """Return the commit against which the writer looks once more: where a file was not looked at now, the reviewed."""
    unseen = any(change.path not in now.managed for change in saved.changes)
    return saved.base if unseen and isinstance(now.location, Branch) else now.base


def _told_anew(saved: Step, now: Step) -> Step:
    """Return a saved step with what others did to its files, and to what of ours, as known now."""
    known = {change.path: change for change in now.changes}
    return replace(saved, changes=tuple(_as_known(change, known.get(change.path)) for change in saved.changes))


def _as_known(change: Change, now: Change | None) -> Change:
    return replace(change, did=None) if now is None else replace(change, did=now.did, base=now.base)


def undecided(step: Step) -> list[Change]:
    """Return the changes that wait for a person's decision."""
    waiting = {Action.DRIFT, Action.ADOPT, Action.CONFLICT}
    return [change for change in step.changes if change.action in waiting and not change.decided]


def decided(step: Step, decisions: Decisions) -> Step:
    """Apply the person's current decisions to a reviewed step; the bytes stay as they were reviewed."""

    theirs = decisions.of(step.target)

    def settle(change: Change) -> Change:
        how = theirs.about(change.path)
        if change.decided:
            return change
        if change.action is Action.ADOPT and theirs.takes_over(change.path):
            return replace(change, decided=True)
        if change.action is Action.DRIFT and how is OnDrift.OVERWRITE and not change.unclear:
            return keeping.overwritten(change)
        return keeping.kept(change, change.asks, theirs) if change.asks is not None else change

    return replace(step, changes=tuple(settle(change) for change in step.changes))


def stale_paths(step: Step, now: Mapping[PurePosixPath, File | Obstacle | None]) -> list[PurePosixPath]:
    """Return the managed paths that changed since the step was planned, and others that it writes all the same."""
    others = {c.path: fingerprint(c.before) for c in step.changes if c.path in now and c.path not in step.managed}
    return [path for path, then in {**step.managed, **others}.items() if fingerprint(now.get(path)) != then]


_Entry = tuple[str, str] | None  # what a commit has at a path: its mode and its id


def read_between(step: Step, differing: Iterable[tuple[PurePosixPath, _Entry, _Entry]]) -> list[PurePosixPath]:
    """Return the paths among those that differ between two commits of a target that its own templates read."""
    own = [one for one in step.inputs if one.target == step.target and not one.managed]
    read = {PurePosixPath(one.path) for one in own if not one.glob}
    patterns = [one.path for one in own if one.glob]
    return [
        path
        for path, before, after in differing
        if path not in step.managed
        and (
            path in read
            or ((before is None) != (after is None) and any(matches_exactly(glob, str(path)) for glob in patterns))
        )
    ]
