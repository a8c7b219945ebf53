"""Move a checkout to a new commit without touching anybody's edit: files first, then the index, then the branch.

Every step is a compare-and-swap on what was seen under git's own index lock; any surprise undoes what was done and
leaves the checkout as it was. docs/safety.md tells why the order is this one.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from rollout import attributes, git, gitdir, hosts, leftovers, may_move, tokens, unfinished
from rollout.checkout import Conversions, Hindered, Move, above, conversions, git_for, moves_between
from rollout.git import Git, GitError, Person
from rollout.gitdir import GitDir, NotOurs
from rollout.may_move import Moving
from rollout.model import Identity
from rollout.move_refs import Refs
from rollout.swap_files import Files
from rollout.swap_index import Index
from rollout.trees import Tree

_DURABLE = ("core.fsync=all", "core.fsyncMethod=fsync")


Bring = Callable[[Git, str | None], None]  # makes a commit's objects available in the person's repository


class Destination(Struct, frozen=True):
    """Where a checkout is to go: a commit, how its objects get there, and whether upstream has it already."""

    branch: str
    remote: str
    commit: str
    upstream: str  # the upstream commit that local commits are compared with
    published: bool
    bring: Bring


class Followed(Struct):
    notes: list[str] = field(default_factory=list)


def follow(top: Path, to: Destination, person: Person, identity: Identity | None, held: tuple[int, ...]) -> Followed:
    """Move the checkout to the commit; raise Hindered, with everything as it was, when that is not safe now."""
    followed = Followed()
    try:
        repo = gitdir.discover(top)
        runner = git_for(repo, held).with_options(*_DURABLE, **_committer(identity))
        followed.notes += leftovers.rescue(repo)
        with leftovers.scratch(repo, followed.notes) as scratch:
            _follow(repo, runner, to, person, scratch)
        leftovers.finished(repo)
    except (NotOurs, tokens.Held, Hindered, GitError, OSError) as error:
        raise Hindered("; ".join((_why(error, top), *followed.notes))) from error
    return followed


def _why(error: Exception, top: Path) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or top}: {error.strerror}"
    return f"git: {error}" if isinstance(error, GitError) else str(error)


def _committer(identity: Identity | None) -> dict[str, str]:
    if identity is None:
        return {}
    return {"GIT_COMMITTER_NAME": identity.committer.name, "GIT_COMMITTER_EMAIL": identity.committer.email}


def _follow(repo: GitDir, runner: Git, to: Destination, person: Person, scratch: Path) -> None:
    local = may_move.start(repo, runner, to.branch, to.remote, to.upstream)
    to.bring(runner, local)
    if local is not None and local != to.commit:
        _only_ours_above(runner, to, local)
    moving = _planned(repo, runner, to, local, person, scratch)
    may_move.look(moving)
    with tokens.index_lock(repo.git_dir, scratch / "token"):
        may_move.look(moving)
        _move(moving)


def _planned(repo: GitDir, runner: Git, to: Destination, local: str | None, person: Person, scratch: Path) -> Moving:
    """Return the move with every content that it needs, or raise Hindered."""
    with runner.objects() as objects:
        leftovers.forget_unchanged(repo, objects, len(to.commit))
        new = Tree(objects, to.commit)
        moves = moves_between(Tree(objects, local), new) if local is not None else []
        may_move.plain_files(moves)
        how = conversions(repo, new, objects, person, [move.path for move in moves])
        may_move.no_foreign_attributes(moves, how)
        contents = dict(_contents(objects, moves, how))
    tracking, begun = _tracking(repo, to), unfinished.known(repo)
    return Moving(
        repo, runner, to.branch, local, to.commit, tracking, to.published, tuple(moves), how, contents, scratch, begun
    )


def _contents(objects: git.Objects, moves: Iterable[Move], how: Conversions) -> Iterator[tuple[PurePosixPath, bytes]]:
    for move in moves:
        if move.new is not None:
            found = objects.read(move.new[1])
            if found is None:
                raise Hindered(f"{move.path}: its content is not in this repository (a partial clone?)")
            yield move.path, attributes.to_work_tree(found[2], how.of(move.path), how.person)


def _tracking(repo: GitDir, to: Destination) -> tuple[str, str] | None:
    """Return the tracking ref and what it is now, if it is to move with the branch: upstream has the commit."""
    tracking = f"refs/remotes/{to.remote}/{to.branch}"
    known = repo.ref(tracking)
    return (tracking, known) if to.published and known is not None and known != to.commit else None


def _only_ours_above(runner: Git, to: Destination, local: str) -> None:
    """Make sure that nothing of the branch but rollout's own commits is missing in what it moves to."""
    if not all(commit.rollouts for commit in above(runner, to.branch, local, [to.commit])):
        raise Hindered("the local branch has commits that upstream does not have")


def _move(moving: Moving) -> None:
    """Put files, index and refs in place, in this order; whatever breaks it off is undone unless the branch moved."""
    files, index, refs = Files(moving), Index(moving), Refs(moving)
    index.prepare()
    leftovers.note_target(moving.scratch, moving.local, moving.commit, moving.ref, moving.tracking)
    try:
        files.put()
        may_move.nobody_at_work(moving)
        index.put(files.placed)
        refs.move()
    except BaseException as error:
        moved = refs.have_moved()
        if moved is False:
            index.undo()
            files.undo()
        if not moved or not isinstance(error, (GitError, Hindered)):
            raise
    files.tidy()


def unpack(pack: bytes) -> Bring:
    """Bring the commit by handing over its pack: no network."""

    def bring(runner: Git, _local: str | None) -> None:
        runner.run("unpack-objects", "-q", stdin=pack, limit=git.LOCAL)

    return bring


def fetch(url: str, branch: str, access: git.Access, commit: str) -> Bring:
    """Bring the commit by fetching the branch, without a ref and without FETCH_HEAD."""

    def bring(runner: Git, local: str | None) -> None:
        if local == commit:
            return
        try:
            with _apart(runner, local) as store:
                hosts.run(
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
    repo = gitdir.discover(runner.work_tree)
    known = {repo.ref(name) for name in repo.remote_refs()} | {local}
    form = git.object_format(len(local) if local else 40)
    config = f"[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = {form}\n"
    if repo.setting("extensions", "partialclone", ""):
        config += '\tpartialClone = apart\n[remote "apart"]\n\tpromisor = true\n'
    with leftovers.scratch(repo, []) as scratch:
        (scratch / "refs").mkdir()
        (scratch / "config").write_text(config)
        (scratch / "HEAD").write_text("ref: refs/heads/none\n")
        have = sorted(name for name in known if name)
        (scratch / "packed-refs").write_text("".join(f"{name} refs/have/{name}\n" for name in have))
        with contextlib.suppress(OSError):
            shutil.copyfile(repo.common_dir / "shallow", scratch / "shallow")
        yield Git(scratch, None, runner.held, environment={"GIT_OBJECT_DIRECTORY": str(repo.common_dir / "objects")})
