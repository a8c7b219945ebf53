"""Plan the undoing of a run: each path it changed goes back, unless somebody changed it since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from rollout import folder, signing, store, threads, workshop
from rollout.git import GitError
from rollout.load import Loaded
from rollout.locate import Settings, Unfit, locate
from rollout.model import (
    Action,
    Branch,
    Change,
    File,
    Folder,
    Obstacle,
    Outcome,
    PastRun,
    Snapshot,
    State,
    Step,
    Target,
)
from rollout.plan import Circumstances, fingerprint


def steps(
    past: PastRun, targets: tuple[Target, ...], loaded: Loaded, settings: Settings, jobs: int
) -> tuple[Step, ...]:
    """Return a step for each target that the run changed."""
    outcomes = {outcome.target: outcome for outcome in past.outcomes}
    found: dict[str, Step] = {}

    def undo(target: Target) -> Step:
        return _step(target, outcomes[target.name], settings)

    for target, step in threads.run(undo, targets, jobs):
        found[target.name] = step
    return tuple(found[target.name] for target in targets)


def _step(target: Target, outcome: Outcome, settings: Settings) -> Step:
    try:
        match target.location:
            case Branch():
                there = signing.settled(settings, target.location)
                return _branch_step(target, target.location, outcome, there)
            case Folder():
                return _folder_step(target, target.location, outcome, settings)
    except Unfit as error:
        return Step(target.name, target.location, error.state, str(error), None)
    except store.Unreachable as error:
        return Step(target.name, target.location, State.UNREACHABLE, str(error).split("\n")[0], None)
    except (GitError, OSError) as error:
        return Step(target.name, target.location, State.BLOCKED, str(error).split("\n")[0], None)


def _branch_step(target: Target, where: Branch, outcome: Outcome, settings: Settings) -> Step:
    at = locate(where, settings.person)
    paths = [PurePosixPath(path.path) for path in outcome.paths]
    with workshop.opened(settings.state, at.remote, target.name, wait=settings.wait) as shop:
        tip = shop.fetch(store.ask(at.remote))
        snapshot = shop.snapshot(tip, paths, [], network=True)
        if outcome.commit is None:
            raise GitError("the run made no commit here")
        made = shop.made(outcome.commit)
        before = {path: pair[0] for path, pair in made.items()}
        pending = shop.pending_commit()
    if pending == outcome.commit:
        raise GitError("its commit was never pushed; `rollout apply` on a mended template replaces it")
    return _undone(target, outcome, snapshot, before, _circumstances(at.remote.url, settings))


def _circumstances(url: str, settings: Settings) -> Circumstances:
    identity = settings.person.identity
    return Circumstances(
        identity=url, identity_fault=settings.person.fault, author=identity.author.shown if identity else ""
    )


def _folder_step(target: Target, where: Folder, outcome: Outcome, settings: Settings) -> Step:
    kept = folder.memory(settings.state, where.root)
    snapshot = folder.snapshot(where.root, [PurePosixPath(path.path) for path in outcome.paths], kept)
    before: dict[PurePosixPath, File | None] = {}
    for path in outcome.paths:
        file = kept.file(path.before)
        if file is None and path.before not in {"-", None}:
            raise GitError(f"the backup of {path.path} is gone")
        before[PurePosixPath(path.path)] = file
    return _undone(target, outcome, snapshot, before, Circumstances(str(where.root)))


def _undone(
    target: Target,
    outcome: Outcome,
    snapshot: Snapshot,
    before: dict[PurePosixPath, File | None],
    circumstances: Circumstances,
) -> Step:
    files, revision, fault = snapshot.files, snapshot.revision, circumstances.identity_fault
    changed = [p.path for p in outcome.paths if fingerprint(files.get(PurePosixPath(p.path))) != p.after]
    back = [p.path for p in outcome.paths if fingerprint(files.get(PurePosixPath(p.path))) == p.before]
    if changed and len(back) == len(outcome.paths):
        return Step(target.name, target.location, State.IN_SYNC, "it is as before the run already", revision)
    if changed:
        reason = f"{', '.join(changed[:3])} changed since the run; mend it by hand or with the templates"
        return Step(target.name, target.location, State.BLOCKED, reason, revision)
    changes = tuple(_changes(before, files))
    return Step(
        target=target.name,
        location=target.location,
        state=State.BLOCKED if fault else State.PENDING if changes else State.IN_SYNC,
        reason=fault or "",
        base=revision,
        changes=changes,
        managed={change.path: fingerprint(change.before) for change in changes},
        identity=circumstances.identity,
        author=circumstances.author,
    )


def _changes(
    before: dict[PurePosixPath, File | None], files: Mapping[PurePosixPath, File | Obstacle | None]
) -> Iterable[Change]:
    for path, old in before.items():
        now = files.get(path)
        if isinstance(now, Obstacle) or now == old:
            continue
        action = Action.CREATE if now is None else Action.DELETE if old is None else Action.UPDATE
        if now is not None and old is not None and now.content == old.content:
            action = Action.CHMOD
        yield Change(path, action, "revert", now, old)
