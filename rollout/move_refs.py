"""Move the branch and its tracking ref, and tell from the branch alone whether it moved."""

from __future__ import annotations

from msgspec import Struct

from rollout import leftovers
from rollout.checkout import Hindered
from rollout.git import GitError
from rollout.may_move import Moving


class Refs(Struct):
    """The refs of a move."""

    moving: Moving
    tried: bool = False  # from then on only the branch itself tells whether it moved

    def move(self) -> None:
        """Move the branch, and its tracking ref with it when upstream has the commit, in one transaction."""
        branch, tracking = self.moving.ref, self.moving.tracking
        refs = (branch, *([tracking[0]] if tracking else []))
        leftovers.note_locks(self.moving.repo, self.moving.scratch, self.moving.commit, refs)
        if self.moving.local == self.moving.commit:
            if tracking:
                tried = self.moving.runner.attempt(
                    "update-ref", "-m", "rollout: push", tracking[0], self.moving.commit, tracking[1]
                )
                if tried.code:
                    leftovers.clear_locks(self.moving.repo, self.moving.scratch)
            return
        update = f"update {branch}\0{self.moving.commit}\0{self.moving.local}\0"
        message = ("-m", "rollout: follow upstream" if self.moving.published else "rollout: commit")
        self.tried = True
        if tracking:
            both = update + f"update {tracking[0]}\0{self.moving.commit}\0{tracking[1]}\0"
            tried = self.moving.runner.attempt("update-ref", *message, "--stdin", "-z", stdin=both.encode())
            if tried.code == 0:
                return
            leftovers.clear_locks(self.moving.repo, self.moving.scratch)
        try:
            self.moving.runner.run("update-ref", *message, "--stdin", "-z", stdin=update.encode())
        except GitError as error:
            leftovers.clear_locks(self.moving.repo, self.moving.scratch)
            what = "could not be moved" if self.moving.repo.ref(branch) == self.moving.local else "moved meanwhile"
            raise Hindered(f"its branch {what} ({error})") from error

    def have_moved(self) -> bool | None:
        """Tell whether the branch has our commit, or None where that cannot be told.

        Whoever puts files back under a branch that moved leaves a revert of our change for the person to commit. So
        the branch is asked, however its writer ended: a git of ours that was told to end is dead by now.
        """
        there = self.moving.repo.ref(self.moving.ref)
        if not self.tried or there == self.moving.local:
            return False
        if there == self.moving.commit:
            return True
        if there is None:
            return None
        try:
            asked = self.moving.runner.attempt("merge-base", "--is-ancestor", self.moving.commit, there)
        except GitError:
            return None
        return {0: True, 1: False}.get(asked.code)
