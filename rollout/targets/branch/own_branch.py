"""Move the branch of a repository without a remote: that branch is its upstream, so moving it is the rollout."""

from __future__ import annotations

from rollout.checkout.moving.bring import Bring, Destination, unpack
from rollout.checkout.standing import Hindered, git_for
from rollout.errors import GitError
from rollout.git.git_folder import GitDir
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.reasons import said
from rollout.store import pending, push
from rollout.targets.branch.outcome import outcome_of
from rollout.targets.branch.task import Built, Task
from rollout.targets.branch.update_checkout import move


def move_own_branch(task: Task, built: Built) -> Outcome:
    """Move the branch to our commit, and the checkout with it if it is on that branch."""
    assert task.at.repo is not None
    bring = unpack(push.pack(task.store, built.commit, built.base))
    try:
        if task.at.repo.head() == f"refs/heads/{task.where.branch}":
            to = Destination(task.where.branch, task.where.remote, built.commit, built.base, False, bring)
            notes = move(task, to)
        else:
            notes = []
            _move_ref(task, task.at.repo, built, bring)
    except (Hindered, GitError) as error:
        pending.drop(task.store)
        return outcome_of(task.step, Verdict.BLOCKED, said(f"the branch was not moved: {error}"))
    push.note(task.store, built.commit, built.base, built.changes)
    return outcome_of(task.step, Verdict.COMMITTED, said("the repository has no remote"), built, notes)


def _move_ref(task: Task, repo: GitDir, built: Built, bring: Bring) -> None:
    """Move a branch that no worktree has checked out; there is no file and no index to follow."""
    ref = f"refs/heads/{task.where.branch}"
    elsewhere = repo.elsewhere(ref)
    if elsewhere is not None:
        raise Hindered(f"branch {task.where.branch} is checked out in another worktree: {elsewhere}")
    runner = git_for(repo, task.store.git.held)
    bring(runner, built.base)
    runner.run("update-ref", "-m", "rollout: commit", ref, built.commit, built.base)
