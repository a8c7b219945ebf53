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
from rollout.store import fetch, heard, hold, own_commits, pending, snapshot
from rollout.targets.branch.locate import locate
from rollout.targets.job import Settings, Unfit


def branch_history(
    target: Target, where: Branch, path: PurePosixPath, settings: Settings
) -> tuple[str | None, tuple[str, ...]]:
    try:
        at = locate(where, settings.person)
        with hold.seen(settings.state, at.remote, target.name, wait=settings.wait) as store:
            offline = settings.offline and not at.local
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


def branch_step(target: Target, where: Branch, outcome: Outcome, settings: Settings) -> Step:
    at = locate(where, settings.person)
    paths = [PurePosixPath(path.path) for path in outcome.paths]
    with hold.opened(settings.state, at.remote, target.name, wait=settings.wait) as store:
        tip = fetch.commit(store, upstream.ask(at.remote))
        there = snapshot.at(store, tip, paths, [], network=True)
        if outcome.commit is None:
            raise GitError("the run made no commit here")
        made = own_commits.made(store, outcome.commit)
        before = {path: pair[0] for path, pair in made.items()}
        waiting = pending.pinned(store)
    if waiting == outcome.commit:
        raise GitError("its commit was never pushed; correct the template and run `rollout apply` to replace it")
    return undone(target, outcome, there, before, undoing_by(at.remote.url, settings))


def undoing_by(url: str, settings: Settings) -> Circumstances:
    identity = settings.person.identity
    return Circumstances(
        identity=url, identity_fault=settings.person.fault, author=identity.author.shown if identity else ""
    )
