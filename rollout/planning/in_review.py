"""What our own commit in an open review makes of files, and what of that is a run's that is to be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field

from rollout.model.causes import SaidOfFiles
from rollout.model.files import File, fingerprint
from rollout.model.outcomes import WrittenPath
from rollout.model.own_writes import FileShare
from rollout.model.reasons import Reason

Sides = Mapping[PurePosixPath, tuple[File | None, File | None]]


class InReview(Struct, frozen=True):
    """What our own commit in an open review makes of files: before and after, and what its message says of them."""

    files: Sides = field(default_factory=dict)
    run: str = ""
    merged: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, FileShare] = field(default_factory=dict)

    def offers(self, path: PurePosixPath, written: WrittenPath) -> bool:
        """Tell whether it proposes what a run wrote; a revert of a later run, in review, proposes that text, too."""
        if path not in self.files:
            return False
        old, new = map(fingerprint, self.files[path])
        return new == written.after and (old == written.before or not self._gives_back(path))

    def puts_back(self, path: PurePosixPath, written: WrittenPath) -> bool:
        """Tell whether it puts a file back already."""
        if path not in self.files:
            return False
        old, new = map(fingerprint, self.files[path])
        return (old, new) == (written.after, written.before)

    def why_first(self, anew: Iterable[PurePosixPath]) -> Reason | None:
        """Return what has to be done with it before a run goes back that wrote files of which it makes something else.

        A revert of a later run that were taken out of it would leave upstream what that run wrote.
        """
        paths = tuple(anew)
        given_back = tuple(filter(self._gives_back, paths))
        if given_back:
            then = " back from what a later run wrote; merge it first, then revert again"
            return Reason((SaidOfFiles("the open review puts ", given_back, then),))
        then = f" anew; take that back first: rollout revert {self.run or 'RUN'}"
        return Reason((SaidOfFiles("the open review changes ", paths, then),)) if paths else None

    def _gives_back(self, path: PurePosixPath) -> bool:
        return self.shares.get(str(path)) is FileShare.GIVEN_BACK
