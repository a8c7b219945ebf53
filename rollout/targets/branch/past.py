"""What rollout did on a branch before."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.errors import GitError, RolloutError
from rollout.model.circumstances import Circumstances
from rollout.model.inventory import Branch, Target
from rollout.model.outcomes import Outcome
from rollout.model.plan import Step
from rollout.planning.undo import undone
from rollout.remote import upstream
from rollout.safety.shown import plain
from rollout.store import store
from rollout.targets.branch.locate import locate
from rollout.targets.job import Settings, Unfit


def branch_history(
    target: Target, where: Branch, path: PurePosixPath, settings: Settings
) -> tuple[str | None, tuple[str, ...]]:
    try:
        at = locate(where, settings.person)
        with store.seen(settings.state, at.remote, target.name, wait=settings.wait) as shop:
            tip = shop.tip() if settings.offline and not at.local else shop.fetch(upstream.ask(at.remote))
            if tip is None:
                return None, ()
            snapshot = shop.snapshot(tip, [path], [b""], network=not settings.offline)
            written = snapshot.written.get(path)
            if written is None or written.commit is None:
                return None, ()
            return written.commit, tuple(plain(line) for line in shop.changed_since(written.commit, tip, path))
    except (Unfit, GitError) as error:
        raise RolloutError(f"{target.name}: {error}") from error


def branch_step(target: Target, where: Branch, outcome: Outcome, settings: Settings) -> Step:
    at = locate(where, settings.person)
    paths = [PurePosixPath(path.path) for path in outcome.paths]
    with store.opened(settings.state, at.remote, target.name, wait=settings.wait) as shop:
        tip = shop.fetch(upstream.ask(at.remote))
        snapshot = shop.snapshot(tip, paths, [], network=True)
        if outcome.commit is None:
            raise GitError("the run made no commit here")
        made = shop.made(outcome.commit)
        before = {path: pair[0] for path, pair in made.items()}
        pending = shop.pending_commit()
    if pending == outcome.commit:
        raise GitError("its commit was never pushed; correct the template and run `rollout apply` to replace it")
    return undone(target, outcome, snapshot, before, undoing_by(at.remote.url, settings))


def undoing_by(url: str, settings: Settings) -> Circumstances:
    identity = settings.person.identity
    return Circumstances(
        identity=url, identity_fault=settings.person.fault, author=identity.author.shown if identity else ""
    )
