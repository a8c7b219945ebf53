"""Put files in place one by one, each as an exchange that keeps what it displaces."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.checkout import notes
from rollout.checkout.edits import Move
from rollout.checkout.moving import may_move
from rollout.checkout.moving.may_move import Moving
from rollout.checkout.standing import Hindered
from rollout.machine import look, processes
from rollout.machine.look import OnDisk
from rollout.machine.replace import (
    MOUNTED,
    NO_EXCHANGE,
    backdate,
    exchange,
    inode_at,
    kept_mode,
    new_mode,
    put_new,
    stage,
)
from rollout.model import tree_modes
from rollout.model.files import Obstacle
from rollout.model.hindrances import Apart
from rollout.objects.ids import git_id


class _Swap(Struct):
    """One file to put in place, noted before that is done: the file that was there, and the mode and inode of ours."""

    move: Move
    number: str
    before: OnDisk | None
    mode: int = 0
    ours: processes.Inode | None = None


class Files(Struct):
    """The files of a move, and how far they are."""

    moving: Moving
    swaps: list[_Swap] = field(default_factory=list)
    folders_made: list[PurePosixPath] = field(default_factory=list)
    placed: dict[PurePosixPath, tuple[int, int]] = field(default_factory=dict)  # inode and time of what was put

    def put(self) -> None:
        """Put every file in place; raise Hindered at the first that is not what it was."""
        for move in self.moving.in_work_tree:
            self._put(move)
        self._note_left_out()

    def _note_left_out(self) -> None:
        """Note what comes into the index alone, so that after a kill nobody takes it for staged by a person."""
        out = (move for move in self.moving.moves if move.path in self.moving.left_out)
        for number, move in enumerate(out, len(self.swaps)):
            notes.note(self.moving.scratch, str(number), move, self.moving.begun.get(move.path, ()), ())

    def _put(self, move: Move) -> None:
        before = look.look(self.moving.repo.top, move.path)
        if isinstance(before, Obstacle):
            raise Hindered(f"{move.path} is {before.what}")
        may_move.fits(self.moving, move, before)
        if isinstance(before, OnDisk) and before.links > 1:
            raise Hindered(f"{move.path} has hard links, which replacing it would part: pull it yourself")
        if self._is_there(move, before):
            return
        swap = _Swap(move, str(len(self.swaps)), before, _mode(move, before))
        whole = [(before.mode, git_id(before.content, self.moving.size))] if before else []
        if move.new is not None:
            whole.append((swap.mode, git_id(self.moving.contents[move.path], self.moving.size)))
        notes.note(self.moving.scratch, swap.number, move, self.moving.begun.get(move.path, ()), whole)
        self.swaps.append(swap)  # before anything is done: afterwards the places of the files tell how far it went
        try:
            with look.opened(self.moving.scratch) as scratch:
                self._swap(scratch, swap)
        except OSError as error:
            raise _in_words(error, move.path) from error

    def _is_there(self, move: Move, before: OnDisk | None) -> bool:
        if move.new is None or before is None:
            return move.new is None and before is None
        return before.content == self.moving.contents[move.path] and before.executable == (
            move.new[0] == tree_modes.EXECUTABLE
        )

    def _swap(self, scratch: int, swap: _Swap) -> None:
        path, name, before = swap.move.path, swap.move.path.name, swap.before
        if swap.move.new is None:
            with look.parent(self.moving.repo.top, path) as folder:
                os.rename(name, swap.number, src_dir_fd=folder, dst_dir_fd=scratch)
            self._displaced(scratch, swap)
            return
        if before is None:
            self._note_new_folders(path)
        with look.parent(self.moving.repo.top, path, make=before is None) as folder:
            self._stage(scratch, swap, folder)
            if before is None:
                put_new(scratch, swap.number, folder, name)
            else:
                exchange(scratch, swap.number, folder, name)
                self._displaced(scratch, swap)

    def _stage(self, scratch: int, swap: _Swap, folder: int) -> None:
        """Write our file beside its place, with the owner and the attributes of the one that it will replace."""
        path = swap.move.path
        like = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder) if swap.before else None
        try:
            stage(scratch, swap.number, self.moving.contents[path], swap.mode, like)
        finally:
            if like is not None:
                os.close(like)
        self.placed[path] = backdate(scratch, swap.number)
        swap.ours = inode_at(scratch, swap.number)

    def _displaced(self, scratch: int, swap: _Swap) -> None:
        """Check the displaced file: it must be the very file that we looked at."""
        out, before = look.look_at(scratch, swap.number), swap.before
        if not isinstance(out, OnDisk) or before is None or out != replace(before, links=out.links):
            raise Hindered(f"{swap.move.path} was changed meanwhile")

    def _note_new_folders(self, path: PurePosixPath) -> None:
        """Remember which folders do not exist yet, so that an undo can remove them."""
        missing = [f for f in list(path.parents)[:-1] if not os.path.lexists(self.moving.repo.top / f)]
        self.folders_made += [folder for folder in missing if folder not in self.folders_made]

    def undo(self) -> None:
        """Put back what was displaced, newest first; leave what somebody wrote since."""
        with look.opened(self.moving.scratch) as scratch:
            for swap in reversed(self.swaps):
                with contextlib.suppress(OSError):
                    self._put_back(scratch, swap)
        _remove_empty_folders(self.moving.repo.top, (folder / "x" for folder in self.folders_made))

    def _put_back(self, scratch: int, swap: _Swap) -> None:
        """Put one file back as it was, judging by where the files are now and not by how far we got."""
        name, number = swap.move.path.name, swap.number
        beside = inode_at(scratch, number)
        if swap.move.new is not None and (swap.ours is None or beside == swap.ours):
            return  # ours was never put in place
        with look.parent(self.moving.repo.top, swap.move.path) as folder:
            if swap.move.new is None:
                if beside is not None:
                    put_new(scratch, number, folder, name)
                return
            if not self._is_ours(look.look_at(folder, name), swap):
                return  # written or changed in its mode since: theirs
            if beside is None:
                os.rename(name, number, src_dir_fd=folder, dst_dir_fd=scratch)
                if not self._is_ours(look.look_at(scratch, number), swap):
                    put_new(scratch, number, folder, name)
                return
            exchange(scratch, number, folder, name)
            if not self._is_ours(look.look_at(scratch, number), swap):
                exchange(scratch, number, folder, name)

    def _is_ours(self, found: OnDisk | Obstacle | None, swap: _Swap) -> bool:
        wanted = (self.moving.contents[swap.move.path], swap.mode, swap.ours)
        return isinstance(found, OnDisk) and (found.content, found.mode, found.identity) == wanted

    def tidy(self) -> None:
        """Remove the folders of which a deleted file was the last."""
        deleted = (move.path for move in self.moving.in_work_tree if move.new is None)
        _remove_empty_folders(self.moving.repo.top, deleted)


def _mode(move: Move, before: OnDisk | None) -> int:
    """Return the permissions that our file gets; a deletion has none."""
    executable = move.new is not None and move.new[0] == tree_modes.EXECUTABLE
    return kept_mode(before.mode, executable) if before else new_mode(executable)


def _in_words(error: OSError, path: PurePosixPath) -> Exception:
    """Say why a file could not be put in place, where we know more than the system's error says."""
    if error.errno == errno.EXDEV:
        return Hindered(Apart())
    if error.errno == errno.ENOTSUP:
        return Hindered(f"{NO_EXCHANGE}, as {path} needs it: pull it yourself")
    if error.errno == errno.EBUSY:
        return Hindered(f"{path} {MOUNTED}")
    if error.errno in {errno.EEXIST, errno.ENOENT, errno.ELOOP, errno.ENOTDIR}:
        return Hindered(f"{path} was changed meanwhile")
    return error


def _remove_empty_folders(top: Path, paths: Iterable[PurePosixPath]) -> None:
    """Remove the folders that were made for a path, or that it was the last of, if they are empty."""
    for path in paths:
        _rmdir_above(top, path)


def _rmdir_above(top: Path, path: PurePosixPath) -> None:
    for folder in list(path.parents)[:-1]:
        with contextlib.suppress(OSError), look.parent(top, folder) as above:
            os.rmdir(folder.name, dir_fd=above)
