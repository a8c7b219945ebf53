"""Move a checkout to a new commit without touching anybody's edit: files first, then the index, then the branch.

Every step is a compare-and-swap on what was seen under git's own index lock; any surprise undoes what was done and
leaves the checkout as it was. docs/safety.md tells why the order is this one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout import atomic, attributes, git, gitdir, hosts, indexfile, leftovers, paths, tokens, turns, unfinished
from rollout.atomic import Found
from rollout.checkout import (
    APART,
    Conversions,
    Hindered,
    Move,
    above,
    conversions,
    edited,
    git_for,
    hindrance,
    moves_between,
    show,
    standing,
)
from rollout.git import Git, GitError, Person
from rollout.gitdir import GitDir, NotOurs
from rollout.model import Identity, Obstacle
from rollout.trees import Entry, Tree, git_id

_QUIET = 3.0  # seconds without a change where processes cannot be seen
_PLAIN = {"100644", "100755"}
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
    local = _may_move(repo, runner, to)
    to.bring(runner, local)
    if local is not None and local != to.commit:
        _only_ours_above(runner, to, local)
    with runner.objects() as objects:
        leftovers.forget_unchanged(repo, objects, len(to.commit))
        new = Tree(objects, to.commit)
        local_tree = Tree(objects, local) if local is not None else None
        moves = moves_between(local_tree, new) if local_tree is not None else []
        _plain_files(moves)
        how = conversions(repo, new, objects, person, [move.path for move in moves])
        _no_foreign_attributes(moves, how)
        contents = {}
        for move in moves:
            if move.new is not None:
                found = objects.read(move.new[1])
                if found is None:
                    raise Hindered(f"{move.path}: its content is not in this repository (a partial clone?)")
                contents[move.path] = attributes.to_work_tree(found[2], how.of(move.path), how.person)
    act = _Act(repo, runner, to, local, moves, how, contents, scratch, len(to.commit))
    act.look()
    with tokens.index_lock(repo.git_dir, scratch / "token"):
        act.look()
        act.run()


def _may_move(repo: GitDir, runner: Git, to: Destination) -> str | None:
    """Return the branch's commit if the branch may be moved at all."""
    reason = hindrance(repo, to.branch)
    if reason:
        raise Hindered(reason)
    where = standing(repo, runner, to.branch, to.remote, to.upstream)
    if where.local is None:
        raise Hindered(f"branch {to.branch} has no commit yet")
    persons = len(where.persons)
    if persons:
        raise Hindered(
            f"{persons} commit{'s' * (persons > 1)} of your own {'are' if persons > 1 else 'is'} not upstream"
        )
    return where.local


def _only_ours_above(runner: Git, to: Destination, local: str) -> None:
    """Make sure that nothing of the branch but rollout's own commits is missing in what it moves to."""
    if not all(commit.rollouts for commit in above(runner, to.branch, local, [to.commit])):
        raise Hindered("the local branch has commits that upstream does not have")


def _plain_files(moves: Iterable[Move]) -> None:
    for move in moves:
        why = paths.astray(str(move.path))
        if why:
            raise Hindered(f"upstream changed {move.path}, which {why}: pull it yourself")
        for entry in (move.old, move.new):
            if entry is not None and entry[0] not in _PLAIN:
                what = {"120000": "a symlink", "160000": "a submodule"}.get(entry[0], f"an entry of mode {entry[0]}")
                raise Hindered(f"upstream changed {what}, {move.path}: pull it yourself")


def _no_foreign_attributes(moves: Iterable[Move], how: Conversions) -> None:
    for move in moves:
        foreign = attributes.foreign(how.of(move.path))
        if foreign:
            raise Hindered(f"{move.path} is under the attribute {foreign}: pull it yourself")


class _Swap(Struct):
    """One file that is put in place, noted before it is: what was there, and the mode and inode of ours."""

    move: Move
    number: str
    before: Found | None
    mode: int = 0
    ours: gitdir.Identity | None = None


def _stamp(file: Path) -> tuple[int, ...]:
    """Return by what one version of a file is told from the next."""
    about = file.lstat()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


class _Act(Struct):
    """The part that writes, under the index lock."""

    repo: GitDir
    runner: Git
    to: Destination
    local: str | None
    moves: list[Move]
    how: Conversions
    contents: dict[PurePosixPath, bytes]
    scratch: Path
    size: int
    index_was: tuple[int, ...] = ()
    index_is: tuple[int, ...] = ()
    folders_made: list[PurePosixPath] = field(default_factory=list)
    swaps: list[_Swap] = field(default_factory=list)
    placed: dict[PurePosixPath, tuple[int, int]] = field(default_factory=dict)  # inode and time of what was put
    begun: dict[PurePosixPath, list[Entry]] = field(default_factory=dict)  # what a killed run had put there
    file_mode: bool = True
    branch_tried: bool = False  # from then on only the branch itself tells whether it moved

    def __post_init__(self) -> None:
        self.begun = unfinished.known(self.repo)
        self.file_mode = self.repo.setting("core", "filemode", "true").lower() != "false"

    def look(self) -> None:
        """Raise Hindered unless everything still is as the move needs it."""
        if self.repo.ref(f"refs/heads/{self.to.branch}") != self.local:
            raise Hindered("its branch moved meanwhile")
        reason = hindrance(self.repo, self.to.branch)
        if reason:
            raise Hindered(reason)
        self._nobody_at_work()
        found = edited(self.repo, self.moves, self.how, self.size, file_mode=self.file_mode, begun=self.begun)
        if found:
            raise Hindered(show(found))
        self._index_is_clean()

    def _nobody_at_work(self) -> None:
        try:
            busy = list(gitdir.processes_in(self.repo.git_dir, self.repo.top))
        except FileNotFoundError:
            busy = self._recent()
        if busy:
            raise Hindered(f"busy: {busy[0]} is at work there")

    def _recent(self) -> list[str]:
        """Without /proc only quiet tells that nobody is at work: no change of git's files for a while."""
        now = time.time()
        for name in ("index", "HEAD", "logs/HEAD", "FETCH_HEAD", "refs/stash", "ORIG_HEAD"):
            with contextlib.suppress(OSError):
                if now - (self.repo.git_dir / name).lstat().st_mtime < _QUIET:
                    return [f"a git command that just changed {name}"]
        return []

    def _index_is_clean(self) -> None:
        paths = [str(move.path) for move in self.moves]
        if not paths:
            return
        staged: dict[str, tuple[str, str]] = {}
        for start in range(0, len(paths), 500):
            listed = self.runner.run("ls-files", "-s", "-t", "-z", "--", *paths[start : start + 500])
            for record in listed.out.decode("utf-8", "surrogateescape").split("\0"):
                if record:
                    about, _, path = record.partition("\t")
                    tag, mode, name, stage = about.split(" ")
                    if stage != "0":
                        raise Hindered(f"{path} is unmerged")
                    if tag == "S":
                        raise Hindered(f"{path} is left out by a sparse checkout")
                    staged[path] = (mode, name)
        for move in self.moves:
            entry = staged.get(str(move.path))
            if entry not in (move.old, move.new, *self.begun.get(move.path, ())):
                raise Hindered(f"{move.path} is staged with other content")

    def run(self) -> None:
        index = self._new_index()
        leftovers.note_target(self.scratch, self.local, self.to.commit, self._branch, self._tracking())
        try:
            for move in self.moves:
                self._put(move)
            self._nobody_at_work()
            if index is not None:
                self._describe_files(index)
                self._replace_index(index)
            self._move_branch()
        except BaseException as error:
            moved = self._has_moved()
            if moved is False:
                self._restore_index()
                self._undo()
            if not moved or not isinstance(error, (GitError, Hindered)):
                raise
        self._remove_empty_folders(move.path for move in self.moves if move.new is None)

    @property
    def _branch(self) -> str:
        return f"refs/heads/{self.to.branch}"

    def _tracking(self) -> tuple[str, str] | None:
        """Return the tracking ref and what it is now, if it is to move with the branch: upstream has the commit."""
        tracking = f"refs/remotes/{self.to.remote}/{self.to.branch}"
        known = self.repo.ref(tracking)
        return (tracking, known) if self.to.published and known is not None and known != self.to.commit else None

    def _has_moved(self) -> bool | None:
        """Tell whether the branch has our commit, or None where that cannot be told.

        Whoever puts files back under a branch that moved leaves a revert of our change for the person to commit. So
        the branch is asked, however its writer ended: a git of ours that was told to end is dead by now.
        """
        there = self.repo.ref(self._branch)
        if not self.branch_tried or there == self.local:
            return False
        if there == self.to.commit:
            return True
        if there is None:
            return None
        try:
            asked = self.runner.attempt("merge-base", "--is-ancestor", self.to.commit, there)
        except GitError:
            return None
        return {0: True, 1: False}.get(asked.code)

    def _replace_index(self, index: Path) -> None:
        """Put the new index in place, if the lock is still ours and nobody went round it."""
        real = self.repo.git_dir / "index"
        if not self._lock_is_ours() or _stamp(real) != self.index_was:
            raise Hindered("somebody removed its index.lock and went on")
        self.index_is = _stamp(index)  # noted first: an interruption may come when it is in place
        os.replace(index, real)

    def _describe_files(self, index: Path) -> None:
        """Tell the new index how the files look that are as we put them there: git knows them clean at once."""
        stats: dict[bytes, os.stat_result] = {}
        for path, (inode, written) in self.placed.items():
            with contextlib.suppress(OSError), atomic.parent(self.repo.top, path) as folder:
                about = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
                if (about.st_ino, about.st_mtime_ns, about.st_size) == (inode, written, len(self.contents[path])):
                    stats[os.fsencode(str(path))] = about
        content = indexfile.with_stats(index.read_bytes(), stats, self.size)
        if content is not None:
            with index.open("wb") as file:
                file.write(content)
                file.flush()
                turns.sync(file.fileno())

    def _lock_is_ours(self) -> bool:
        return tokens.is_ours(self.scratch / "token", self.repo.git_dir / "index.lock")

    def _new_index(self) -> Path | None:
        """Prepare the index beside the real one, which stays as it is until its turn."""
        if not self.moves:
            return None
        real, copy, old = self.repo.git_dir / "index", self.scratch / "index", self.scratch / "index.before"
        self.index_was = _stamp(real)
        for made in (copy, old):
            shutil.copyfile(real, made)
            about = real.lstat()
            # git judges by the index's own time which entries it must look at again: a copy with a new time makes
            # edits of the same size invisible to it.
            os.utime(made, ns=(about.st_atime_ns, about.st_mtime_ns))
            os.chmod(made, about.st_mode & 0o777)
        lines = []
        for move in self.moves:
            mode, name = move.new if move.new is not None else ("0", "0" * self.size)
            lines.append(f"{mode} {name}\t{move.path}\0")
        self._into_index(copy, lines)
        self._inside_sparse()
        return copy

    def _into_index(self, index: Path, lines: Iterable[str]) -> Git:
        runner = self.runner.with_options(GIT_INDEX_FILE=str(index))
        runner.run("update-index", "-z", "--index-info", stdin="".join(lines).encode("utf-8", "surrogateescape"))
        return runner

    def _inside_sparse(self) -> None:
        """Raise Hindered for a new file that a sparse checkout leaves out.

        Git says which: it is asked with an index of the new files alone, and a work tree where there is nothing.
        """
        new = [move for move in self.moves if move.old is None and move.new is not None]
        if not new or not os.path.lexists(self.repo.git_dir / "info" / "sparse-checkout"):
            return
        empty = self.scratch / "nothing"
        empty.mkdir()
        lines = [f"{move.new[0]} {move.new[1]}\t{move.path}\0" for move in new if move.new is not None]
        runner = replace(self._into_index(self.scratch / "index.new", lines), work_tree=empty)
        if runner.attempt("-c", "index.sparse=false", "sparse-checkout", "reapply").code:
            return  # it is none any more: git keeps the patterns for another time
        listed = runner.run("ls-files", "-t", "-z").out.decode("utf-8", "surrogateescape")
        left_out = [record[2:] for record in listed.split("\0") if record.startswith("S ")]
        if left_out:
            raise Hindered(f"{left_out[0]} is new and left out by a sparse checkout: pull it yourself")

    def _restore_index(self) -> None:
        """Put the old index back, unless somebody has written a newer one since."""
        real = self.repo.git_dir / "index"
        if self.index_is and self._lock_is_ours() and _stamp(real) == self.index_is:
            os.replace(self.scratch / "index.before", real)

    def _put(self, move: Move) -> None:
        before = atomic.look(self.repo.top, move.path)
        if isinstance(before, Obstacle):
            raise Hindered(f"{move.path} is {before.what}")
        self._fits(move, before)
        if isinstance(before, Found) and before.links > 1:
            raise Hindered(f"{move.path} has hard links, which replacing it would part")
        if self._is_there(move, before):
            return
        swap = _Swap(move, str(len(self.swaps)), before, _mode(move, before))
        whole = [(before.mode, git_id(before.content, self.size))] if before else []
        if move.new is not None:
            whole.append((swap.mode, git_id(self.contents[move.path], self.size)))
        leftovers.note(self.scratch, swap.number, move, self.begun.get(move.path, ()), whole)
        self.swaps.append(swap)  # before anything is done: where things are tells afterwards how far it went
        try:
            with atomic.opened(self.scratch) as scratch:
                self._swap(scratch, swap)
        except OSError as error:
            raise _in_words(error, move.path) from error

    def _fits(self, move: Move, found: Found | None) -> None:
        entries = (move.old, move.new, *self.begun.get(move.path, ()))
        if found is None:
            if None not in entries:
                raise Hindered(f"{move.path} was deleted meanwhile")
            return
        ids = self.how.ids(found.content, move.path, self.size)
        same = [entry for entry in entries if entry is not None and entry[1] in ids]
        if not any(not self.file_mode or (entry[0] == "100755") == found.executable for entry in same):
            raise Hindered(f"{move.path} was changed meanwhile")

    def _is_there(self, move: Move, before: Found | None) -> bool:
        if move.new is None or before is None:
            return move.new is None and before is None
        return before.content == self.contents[move.path] and before.executable == (move.new[0] == "100755")

    def _swap(self, scratch: int, swap: _Swap) -> None:
        path, name, before = swap.move.path, swap.move.path.name, swap.before
        if swap.move.new is None:
            with atomic.parent(self.repo.top, path) as folder:
                os.rename(name, swap.number, src_dir_fd=folder, dst_dir_fd=scratch)
            self._displaced(scratch, swap)
            return
        if before is None:
            self._note_new_folders(path)
        with atomic.parent(self.repo.top, path, make=before is None) as folder:
            self._stage(scratch, swap, folder)
            if before is None:
                atomic.put_new(scratch, swap.number, folder, name)
            else:
                atomic.swap(scratch, swap.number, folder, name)
                self._displaced(scratch, swap)

    def _stage(self, scratch: int, swap: _Swap, folder: int) -> None:
        """Write our file beside, with the owner and the attributes of the one that it will replace."""
        path = swap.move.path
        like = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder) if swap.before else None
        try:
            atomic.stage(scratch, swap.number, self.contents[path], swap.mode, like)
        finally:
            if like is not None:
                os.close(like)
        self.placed[path] = atomic.backdate(scratch, swap.number)
        swap.ours = atomic.identity_at(scratch, swap.number)

    def _displaced(self, scratch: int, swap: _Swap) -> None:
        """Look at what came out: it must be the very file that was looked at."""
        out, before = atomic.look_at(scratch, swap.number), swap.before
        if not isinstance(out, Found) or before is None or out != replace(before, links=out.links):
            raise Hindered(f"{swap.move.path} was changed meanwhile")

    def _note_new_folders(self, path: PurePosixPath) -> None:
        """Remember which folders are not there yet, to take them away again should this be undone."""
        missing = [f for f in list(path.parents)[:-1] if not os.path.lexists(self.repo.top / f)]
        self.folders_made += [folder for folder in missing if folder not in self.folders_made]

    def _undo(self) -> None:
        """Put back what was displaced, newest first; what somebody wrote meanwhile stays."""
        with atomic.opened(self.scratch) as scratch:
            for swap in reversed(self.swaps):
                with contextlib.suppress(OSError):
                    self._put_back(scratch, swap)
        self._remove_empty_folders(folder / "x" for folder in self.folders_made)

    def _put_back(self, scratch: int, swap: _Swap) -> None:
        """Put one file back as it was, going by where things are and not by how far we believe to have come."""
        name, number = swap.move.path.name, swap.number
        beside = atomic.identity_at(scratch, number)
        if swap.move.new is not None and (swap.ours is None or beside == swap.ours):
            return  # ours was never put in place
        with atomic.parent(self.repo.top, swap.move.path) as folder:
            if swap.move.new is None:
                if beside is not None:
                    atomic.put_new(scratch, number, folder, name)
                return
            if not self._is_ours(atomic.look_at(folder, name), swap):
                return  # written or changed in its mode since: theirs
            if beside is None:
                os.rename(name, number, src_dir_fd=folder, dst_dir_fd=scratch)
                if not self._is_ours(atomic.look_at(scratch, number), swap):
                    atomic.put_new(scratch, number, folder, name)
                return
            atomic.swap(scratch, number, folder, name)
            if not self._is_ours(atomic.look_at(scratch, number), swap):
                atomic.swap(scratch, number, folder, name)

    def _is_ours(self, found: Found | Obstacle | None, swap: _Swap) -> bool:
        wanted = (self.contents[swap.move.path], swap.mode, swap.ours)
        return isinstance(found, Found) and (found.content, found.mode, found.identity) == wanted

    def _move_branch(self) -> None:
        """Move the branch, and its tracking ref with it when upstream has the commit, in one transaction."""
        branch, tracking = self._branch, self._tracking()
        refs = (branch, *([tracking[0]] if tracking else []))
        leftovers.note_locks(self.repo, self.scratch, self.to.commit, refs)
        if self.local == self.to.commit:
            if tracking:
                tried = self.runner.attempt(
                    "update-ref", "-m", "rollout: push", tracking[0], self.to.commit, tracking[1]
                )
                if tried.code:
                    leftovers.clear_locks(self.repo, self.scratch)
            return
        update = f"update {branch}\0{self.to.commit}\0{self.local}\0"
        message = ("-m", "rollout: follow upstream" if self.to.published else "rollout: commit")
        self.branch_tried = True
        if tracking:
            both = update + f"update {tracking[0]}\0{self.to.commit}\0{tracking[1]}\0"
            tried = self.runner.attempt("update-ref", *message, "--stdin", "-z", stdin=both.encode())
            if tried.code == 0:
                return
            leftovers.clear_locks(self.repo, self.scratch)
        try:
            self.runner.run("update-ref", *message, "--stdin", "-z", stdin=update.encode())
        except GitError as error:
            leftovers.clear_locks(self.repo, self.scratch)
            what = "could not be moved" if self.repo.ref(branch) == self.local else "moved meanwhile"
            raise Hindered(f"its branch {what} ({error})") from error

    def _remove_empty_folders(self, paths: Iterable[PurePosixPath]) -> None:
        """Remove the folders that were made for a path, or that it was the last of, if they are empty."""
        for path in paths:
            _rmdir_above(self.repo.top, path)


def _mode(move: Move, before: Found | None) -> int:
    """Return the permissions that our file gets; a deletion has none."""
    executable = move.new is not None and move.new[0] == "100755"
    return atomic.kept_mode(before.mode, executable) if before else atomic.new_mode(executable)


def _in_words(error: OSError, path: PurePosixPath) -> Exception:
    """Say why a file could not be put in place, where there is more to say than the system does."""
    if error.errno == errno.EXDEV:
        return Hindered(APART)
    if error.errno == errno.ENOTSUP:
        return Hindered(f"its file system cannot exchange two files in one step, as {path} needs it: pull it yourself")
    if error.errno == errno.EBUSY:
        return Hindered(f"{path} {atomic.MOUNTED}")
    if error.errno in {errno.EEXIST, errno.ENOENT, errno.ELOOP, errno.ENOTDIR}:
        return Hindered(f"{path} was changed meanwhile")
    return error


def _rmdir_above(top: Path, path: PurePosixPath) -> None:
    for folder in list(path.parents)[:-1]:
        with contextlib.suppress(OSError), atomic.parent(top, folder) as above:
            os.rmdir(folder.name, dir_fd=above)


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
