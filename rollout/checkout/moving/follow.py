"""Move a checkout to a new commit without touching anybody's edit: files first, then the index, then the branch.

Every step is a compare-and-swap on what was seen under git's own index lock; any surprise undoes what was done and
leaves the checkout as it was. docs/safety.md tells why the order is this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from rollout.checkout import discover, index_lock, notes
from rollout.checkout.conversions import Conversions, conversions
from rollout.checkout.edits import Move, moves_between
from rollout.checkout.left_out import left_out
from rollout.checkout.moving import kept, may_move, rescue
from rollout.checkout.moving.bring import Destination
from rollout.checkout.moving.may_move import Moving
from rollout.checkout.moving.move_refs import Refs
from rollout.checkout.moving.outside import outside
from rollout.checkout.moving.swap_files import Files
from rollout.checkout.moving.swap_index import Index
from rollout.checkout.standing import Hindered, above, git_for
from rollout.content import line_ends
from rollout.errors import GitError
from rollout.git import cat_file
from rollout.git.git_folder import GitDir, NotOurs
from rollout.git.person import Person
from rollout.git.run import Git
from rollout.model.outcomes import Identity
from rollout.objects import messages
from rollout.objects.trees import Tree

_PATIENCE = 1.0  # seconds for what ends by itself: the `git status` of a prompt, of an editor, or of `status --watch`
_DURABLE = ("core.fsync=all", "core.fsyncMethod=fsync")


class Followed(Struct):
    notes: list[str] = field(default_factory=list)


def follow(top: Path, to: Destination, person: Person, identity: Identity | None, held: tuple[int, ...]) -> Followed:
    """Move the checkout to the commit; raise Hindered, with everything as it was, when that is not safe now."""
    followed = Followed()
    try:
        repo = discover.discover(top)
        runner = git_for(repo, held).with_options(*_DURABLE, **_committer(identity))
        followed.notes += rescue.rescue(repo)
        with rescue.scratch(repo, followed.notes) as scratch:
            _follow(repo, runner, to, person, scratch)
        rescue.finished(repo)
    except (NotOurs, index_lock.Held, Hindered, GitError, OSError) as error:
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
    moving = _planned(repo, runner, to, local, person, scratch)
    may_move.look(moving, _PATIENCE)  # before the lock: nobody is kept waiting meanwhile
    with index_lock.index_lock(repo.git_dir, scratch / "token"):
        may_move.look(moving)
        _move(moving)


def _planned(repo: GitDir, runner: Git, to: Destination, local: str | None, person: Person, scratch: Path) -> Moving:
    """Return the move with every content that it needs, or raise Hindered."""
    with runner.objects() as objects:
        if local is not None and local != to.commit and not _is_parent(objects, local, to.commit):
            _only_ours_above(runner, to, local)
        kept.forget_unchanged(repo, objects, len(to.commit))
        new = Tree(objects, to.commit)
        moves = moves_between(Tree(objects, local), new) if local is not None else []
        may_move.plain_files(moves)
        how = conversions(repo, new, objects, person, [move.path for move in moves])
        out = left_out(repo, runner, (move.path for move in moves if move.old is not None))
        out |= outside(repo, runner, moves, scratch)
        written = [move for move in moves if move.path not in out]
        may_move.no_foreign_attributes(written, how)
        contents = dict(_contents(objects, written, how))
    tracking, begun = _tracking(repo, to), notes.placed(repo)
    return Moving(
        repo,
        runner,
        to.branch,
        local,
        to.commit,
        tracking,
        to.published,
        tuple(moves),
        how,
        contents,
        scratch,
        begun,
        out,
    )


def _contents(
    objects: cat_file.CatFile, moves: Iterable[Move], how: Conversions
) -> Iterator[tuple[PurePosixPath, bytes]]:
    for move in moves:
        if move.new is not None:
            found = objects.read(move.new[1])
            if found is None:
                raise Hindered(f"{move.path}: its content is not in this repository (a partial clone?)")
            yield move.path, line_ends.to_work_tree(found.content, how.of(move.path), how.person)


def _tracking(repo: GitDir, to: Destination) -> tuple[str, str] | None:
    """Return the tracking ref and what it is now, if it is to move with the branch: upstream has the commit."""
    tracking = f"refs/remotes/{to.remote}/{to.branch}"
    known = repo.ref(tracking)
    return (tracking, known) if to.published and known is not None and known != to.commit else None


def _is_parent(objects: cat_file.CatFile, local: str, commit: str) -> bool:
    """Tell whether a commit is made on the branch's own: then the branch has nothing above it."""
    found = objects.read(commit)
    return found is not None and local in messages.parts(found.content)[0]


def _only_ours_above(runner: Git, to: Destination, local: str) -> None:
    """Make sure that nothing of the branch but rollout's own commits is missing in what it moves to."""
    if not all(commit.rollouts for commit in above(runner, to.branch, local, [to.commit])):
        raise Hindered("the local branch has commits that upstream does not have")


def _move(moving: Moving) -> None:
    """Put files, index and refs in place, in this order; whatever breaks it off is undone unless the branch moved."""
    files, index, refs = Files(moving), Index(moving), Refs(moving)
    index.prepare()
    notes.note_target(moving.scratch, moving.local, moving.commit, moving.ref, moving.tracking)
    try:
        files.put()
        may_move.nobody_at_work(moving.repo)
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
