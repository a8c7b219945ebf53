"""What a mode decides: the functions that every mode has, and their values."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Protocol

from msgspec import Struct

from rollout.content.file_fault import FileFault
from rollout.content.line_ends import to_repository
from rollout.model.files import Agreed, File, Managed, Obstacle, TakenOver, Written
from rollout.model.inventory import FileRule
from rollout.model.line_ends import Conversion


class Situation(Struct, frozen=True):
    """One managed path: what should be there, what is there, and what rollout last wrote there."""

    item: Managed
    actual: File | None
    written: Written | None
    line_ends: Conversion = Conversion.BINARY
    agreed: Agreed = ()  # keys that others had written just as a template asked when we looked


class Cause(Struct, frozen=True):
    """Why an existing file is changed; `takes_over` if that needs the person's consent.

    `takes_away` if what others had before us goes with it.
    """

    cause: str
    takes_over: bool = False
    takes_away: bool = False


_OF_TEXT = ("delimiters", "formatter", "check", "max_chars", "max_lines", "secrets", "allow", "placeholders")


class Traits(Struct, frozen=True):
    """What others need to know about a mode without asking about one file."""

    writes: bool = True  # a template's text is written
    from_the_top: bool = True  # the text begins where the file begins
    partial: bool = False  # the text is a part of the file
    shared: bool = False  # the rest of the file is somebody else's
    taken_back: bool = False  # what a person changed in our part can be put into the template
    further: tuple[str, ...] = ()  # settings of `files` that only some modes use
    needs_past: bool = False  # everything that rollout ever wrote there counts, not only the last write

    @property
    def options(self) -> tuple[str, ...]:
        """Return the settings of `files` that the mode uses."""
        return (*(_OF_TEXT if self.writes else ()), *self.further)


class Strategy(Protocol):
    """One mode. Each is a module with these names."""

    TRAITS: Traits

    def fault(self, path: PurePosixPath, rule: FileRule, /) -> str | None:
        """Say why no file of this name can be written in this mode, or None."""

    def template_fault(self, item: Managed, /) -> str | None:
        """Say why a template's text can be written into no file in this mode, or None."""

    def text_fault(self, item: Managed, content: bytes, /) -> str | None:
        """Say why what a person leaves of a file is nothing that its readers can read, or None if nothing is known."""

    def passed_over(self, item: Managed, found: Obstacle, /) -> str | None:
        """Return a warning if the obstacle can be ignored, or None if it is an error."""

    def wanted(self, at: Situation, /) -> File | None:
        """Return what should be at the path, given what is there."""

    def reason(self, at: Situation, actual: File, /) -> Cause:
        """Say why an existing file has to change; it is not as wanted, and nobody else changed it."""

    def changed(self, at: Situation, base: File, actual: File, /) -> bool:
        """Tell whether the part of the file that is ours differs between `base` and `actual`."""

    def merged(self, at: Situation, base: File, actual: File, wanted: File, /) -> bytes:
        """Merge what others made of `base` with what is wanted; raise MergeConflict if the two overlap."""

    def told_base(self, at: Situation, base: File, /) -> File:
        """Return `base` as it is compared with what others made of the file: with markers only if the file had them."""

    def unclear(self, at: Situation, /) -> FileFault | None:
        """Say why what others made of our part cannot be written over without what they wrote beside it, or None."""

    def more(self, at: Situation, /) -> str:
        """Say what a person has to know about what others changed, in words to put behind that; mostly nothing."""

    def told_then(self, at: Situation, base: File, before: File, after: File, /) -> bytes:
        """Return `base` with what a merge of ours brought from `before` to `after`; raise MergeConflict if unclear."""

    def part(self, item: Managed, file: File | None, /) -> bytes | None:
        """Return our part of a file, or the template's text for it, with LF line ends; only asked if `taken_back`."""

    def ours(self, item: Managed, actual: File, /) -> TakenOver | None:
        """Return what rollout remembers of a file that others left exactly as it should be."""

    def agreed(self, at: Situation, /) -> Agreed:
        """Return which keys others wrote just as the template asks, now or when we looked before."""


def rendered(at: Situation) -> File:
    """Return the template's text as a file of its own."""
    return File(to_repository(at.item.body, at.line_ends), at.item.executable)


def put_into(at: Situation, content: bytes) -> File:
    """Return `content` as the file: one that is there keeps its line ends and its executable bit."""
    if at.actual is None:
        return File(to_repository(content, at.line_ends), at.item.executable)
    return File(content, at.actual.executable)
