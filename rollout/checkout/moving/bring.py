"""Bring a commit's objects into a person's repository: handed over as a pack, or fetched."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from rollout.checkout import discover
from rollout.checkout.moving import rescue
from rollout.checkout.standing import Hindered
from rollout.errors import GitError
from rollout.git import run
from rollout.git.access import Access
from rollout.git.run import Git
from rollout.objects import ids
from rollout.remote import contact

Bring = Callable[[Git, str | None], None]  # makes a commit's objects available in the person's repository


class Destination(Struct, frozen=True):
    """Where a checkout is to go: a commit, how its objects get there, and whether upstream has it already."""

    branch: str
    remote: str
    commit: str
    upstream: str  # the upstream commit that local commits are compared with
    published: bool
    bring: Bring


def unpack(pack: bytes) -> Bring:
    """Bring the commit by handing over its pack: no network."""

    def bring(runner: Git, _local: str | None) -> None:
        runner.run("unpack-objects", "-q", stdin=pack, limit=run.LOCAL)

    return bring


def fetch(url: str, branch: str, access: Access, commit: str) -> Bring:
    """Bring the commit by fetching the branch, without a ref and without FETCH_HEAD."""

    def bring(runner: Git, local: str | None) -> None:
        if local == commit:
            return
        try:
            with _apart(runner, local) as store:
                contact.run(
                    store,
                    url,
                    access,
                    "fetch",
                    "--quiet",
                    "--no-tags",
                    "--no-write-fetch-head",
                    "--no-recurse-submodules",
                    "--no-auto-maintenance",
                    "--refmap=",
                    "--end-of-options",
                    url,
                    f"refs/heads/{branch}",
                    limit=access.transfer_limit,
                )
        except GitError as error:
            raise Hindered(f"its commits could not be fetched: {error}") from error

    return bring


@contextmanager
def _apart(runner: Git, local: str | None) -> Iterator[Git]:
    """Give git the person's objects and nothing of their configuration: it could redirect a fetch, or run things."""
    assert runner.work_tree is not None
    repo = discover.discover(runner.work_tree)
    known = {repo.ref(name) for name in repo.remote_refs()} | {local}
    form = ids.object_format(len(local) if local else 40)
    config = f"[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = {form}\n"
    if repo.setting("extensions", "partialclone", ""):
        config += '\tpartialClone = apart\n[remote "apart"]\n\tpromisor = true\n'
    with rescue.scratch(repo, []) as scratch:
        (scratch / "refs").mkdir()
        (scratch / "config").write_text(config)
        (scratch / "HEAD").write_text("ref: refs/heads/none\n")
        have = sorted(name for name in known if name)
        (scratch / "packed-refs").write_text("".join(f"{name} refs/have/{name}\n" for name in have))
        with contextlib.suppress(OSError):
            shutil.copyfile(repo.common_dir / "shallow", scratch / "shallow")
        yield Git(scratch, None, runner.held, environment={"GIT_OBJECT_DIRECTORY": str(repo.common_dir / "objects")})
