"""What a managed file should be, what it is, and what rollout last wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field

from rollout.model import tree_modes
from rollout.model.changed import ChangedBy
from rollout.model.inputs import Input
from rollout.model.inventory import FileRule, Mode
from rollout.model.line_ends import Conversion
from rollout.model.own_writes import FileShare, LaterWrites
from rollout.safety.flaw import Flaw


class File(Struct, frozen=True):
    """What git would store at a path."""

    content: bytes
    executable: bool = False

    @property
    def mode(self) -> str:
        return tree_modes.of_file(executable=self.executable)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


RENDERED = ".j2"  # how the name of a template ends that is rendered; any other file is copied


def is_rendered(template: str) -> bool:
    return template.endswith(RENDERED)


class TemplateFile(Struct, frozen=True):
    """One file under templates/, by its path from there."""

    name: str
    content: bytes
    executable: bool

    @property
    def is_rendered(self) -> bool:
        return is_rendered(self.name)


class Slot(Struct, frozen=True):
    """One managed path of a target before it is rendered; `template` is None for a path that must be absent."""

    path: PurePosixPath
    set: str
    template: str | None
    rule: FileRule
    parts: tuple[str | Excerpt, ...] = ()  # where it is made of rules; `template` is then the first of these

    @property
    def sources(self) -> tuple[Slot, ...]:
        """Return what is rendered for it: its template, or the rules that it is made of."""
        if self.template is None:
            return ()
        return tuple(part.slot for part in self.parts if isinstance(part, Excerpt)) if self.parts else (self,)

    @property
    def is_rendered(self) -> bool:
        return any(is_rendered(source.template or "") for source in self.sources)

    @property
    def rules(self) -> tuple[str, ...]:
        """Return the templates of the rules that it is made of."""
        return tuple(one.template or "" for one in self.sources) if self.parts else ()


class Excerpt(Struct, frozen=True):
    """The text of a rule, below its front matter."""

    slot: Slot
    head: str


class Managed(Struct, frozen=True):
    """One managed path of a target and what its template asks for; `body` is what was rendered."""

    path: PurePosixPath
    mode: Mode
    body: bytes
    executable: bool
    rule: FileRule
    set: str
    template: str
    rules: tuple[str, ...] = ()  # the templates of the rules that it is made of

    @property
    def block_id(self) -> str:
        return self.rule.block_id or self.set

    @property
    def asks(self) -> str:
        """Return a digest of what the template asks for here."""
        how = f"{self.mode}\0{self.executable}\0".encode()
        return hashlib.sha256(how + self.body).hexdigest()

    @property
    def told(self) -> str:
        """The name of the text in messages about its faults."""
        if self.rules:
            return ", ".join(f"templates/{name}" for name in self.rules)
        return f"templates/{self.template}" + (", as it is rendered" if is_rendered(self.template) else "")


class Problem(Struct, frozen=True):
    """Why one managed path of a target cannot be rendered or would break a policy."""

    path: PurePosixPath
    flaw: Flaw
    elsewhere: bool = False  # `what` begins with a place of its own, such as a line of a template
    policy: bool = False  # the text is known, and refused for what it says

    @property
    def what(self) -> str:
        return str(self.flaw)

    @property
    def told(self) -> str:
        return self.what if self.elsewhere else f"{self.path}: {self.what}"


class Desired(Struct, frozen=True):
    """What a target's template sets ask for. A path that is not here is not ours."""

    managed: tuple[Managed, ...]
    problems: tuple[Problem, ...] = ()
    inputs: tuple[Input, ...] = ()  # what its templates read


class Obstacle(Struct, frozen=True):
    """Something at a managed path that is not a plain file: a directory, a symlink, a submodule, a twin."""

    what: str
    link: str = ""  # for a symlink upstream, the object with its destination
    leads: str = ""  # its destination, once that is known
    remedy: str = ""  # what a person can do

    @property
    def way_out(self) -> str:
        way_out = "name the file it leads to instead, or put a plain file in its place" if self.leads else self.remedy
        return f"; {way_out}" if way_out else ""


def in_the_way(what: str) -> Obstacle:
    """Return the obstacle for what a person can move, such as a directory or a pipe."""
    return Obstacle(what, remedy="move it away, or give the template another name")


DIRECTORY = in_the_way("a directory")


def symlink(leads: str) -> Obstacle:
    """Return the obstacle for a symlink, with where it leads if that is known."""
    return Obstacle(f"a symlink to {leads}" if leads else "a symlink", leads=leads)


Agreed = tuple[tuple[tuple[str, ...], str], ...]
"""What others had said in a merged document just as its template asked: places, and the values or entries there."""


class Written(Struct, frozen=True):
    """What rollout last wrote at a path; `file` None means that it deleted it.

    `ours` holds what rollout added to a merged document, as (before, after) pairs, oldest first. `merged` is set if
    `file` is a merge of drift: what stands for the template's text then.
    """

    file: File | None
    commit: str | None = None
    ours: tuple[tuple[bytes, bytes], ...] = ()
    merged: str | None = None
    merge_base: File | None = None  # what was ours before that merge and those just before it
    merges: tuple[tuple[File, File], ...] = ()  # the files before and after each of these
    disputed: bool = False  # somebody amended or resolved a commit of ours since, and its own text is not known
    noted: bool = False  # we did not write it: others had it exactly as the template asked
    keys_only: bool = False  # of a document that is noted, only the keys that the template named are ours
    as_left: bool = False  # it is noted because its rule changed: our part of it was as we had left it
    there: File | None = None  # what stood there when it was noted, where `file` has markers that it had not
    alone: bool = False  # all that `file` says is ours: we created it, or wrote it whole, and found it as we left it
    share: FileShare | None = None  # how much of `file` is ours, where others had written some of it
    anew: frozenset[int] = frozenset()  # the numbers of those in `ours` that took over what had become others' own
    own: bool = True  # whether this target wrote there, and not only another of the same repository


class TakenOver(Struct, frozen=True):
    """A file as it was when it said exactly what the template asks; the other fields are as in `Written`."""

    file: File
    keys_only: bool = False
    as_left: bool = False
    there: File | None = None


class Snapshot(Struct, frozen=True):
    """The managed paths of one place as they are, and what rollout last wrote there."""

    revision: str  # a commit id for a branch, a digest of the managed paths for a folder
    files: Mapping[PurePosixPath, File | Obstacle | None]
    written: Mapping[PurePosixPath, Written] = field(default_factory=dict)
    line_ends: Mapping[PurePosixPath, Conversion] = field(default_factory=dict)  # what the attributes ask for
    newest: str | None = None  # the newest commit of ours upstream
    kept: Mapping[PurePosixPath, str] = field(default_factory=dict)  # what templates asked for when files were kept
    held: Mapping[PurePosixPath, str] = field(default_factory=dict)  # and when files were reverted
    given_back: frozenset[PurePosixPath] = frozenset()  # files that are as a revert left them
    changed_by: Mapping[PurePosixPath, ChangedBy] = field(default_factory=dict)  # for files that wait for a decision
    later: LaterWrites = LaterWrites()  # after a run that a revert takes back
    agreed: Mapping[PurePosixPath, Agreed] = field(default_factory=dict)  # keys that were found as they should be
    unsearched: bool = False  # nobody has looked yet for what rollout wrote, and now there is no network to do it
    linked: frozenset[PurePosixPath] = frozenset()  # files on the disk that have another name, too
    attribute_files: Mapping[str, bytes] | None = None  # .gitattributes by folder, on a branch where one is managed


NO_FILE = "-"  # the fingerprint of a path where nothing is


def fingerprint(found: File | Obstacle | None) -> str:
    """Return a short form of what is at a path, for comparing then and now."""
    if found is None:
        return NO_FILE
    if isinstance(found, Obstacle):
        return f"!{found.what}"
    return str(FilePrint(found.sha256, executable=found.executable))


class FilePrint(Struct, frozen=True):
    """The fingerprint of a plain file."""

    sha256: str
    executable: bool = False

    def __str__(self) -> str:
        return f"{tree_modes.of_file(executable=self.executable)}:{self.sha256}"


def file_print(printed: str | None) -> FilePrint | None:
    """Read a recorded fingerprint; None if there was no plain file."""
    mode, mark, sha256 = (printed or "").partition(":")
    return FilePrint(sha256, executable=mode == tree_modes.EXECUTABLE) if mark and not mode.startswith("!") else None
