"""The values that travel: what an inventory names, what is there, what should be, and what happened."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from msgspec import Struct, field


class Mode(StrEnum):
    """How a managed path is written."""

    WHOLE = "whole"
    BLOCK = "block"
    MERGE = "merge"
    ABSENT = "absent"
    ONCE = "once"


class Action(StrEnum):
    """The state of one managed file, which is also what a run would do about it."""

    IN_SYNC = "in-sync"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    CHMOD = "chmod"
    ADOPT = "adopt"
    DRIFT = "drift"
    CONFLICT = "conflict"
    ERROR = "error"


class State(StrEnum):
    """The state of one target: the first that applies, in this order."""

    MISSING = "missing"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    CONFLICT = "conflict"
    DRIFT = "drift"
    PENDING = "pending"
    READY_TO_PUSH = "ready-to-push"
    BEHIND = "behind"
    IN_SYNC = "in-sync"


class Verdict(StrEnum):
    """What happened to one target in a run."""

    PUSHED = "pushed"
    COMMITTED = "committed"
    WRITTEN = "written"
    UNCHANGED = "unchanged"
    BLOCKED = "blocked"
    STALE = "stale"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    FAILED = "failed"
    NOT_STARTED = "not-started"


class OnDrift(StrEnum):
    """What to do with a managed file that somebody else changed."""

    BLOCK = "block"
    OVERWRITE = "overwrite"
    MERGE = "merge"


# --- the inventory


class Variable(Struct, frozen=True):
    """A value a template may use, and where the inventory (or the command line) set it."""

    value: Any  # plain data: None, bool, int, float, str, list, dict
    source: str


class Machine(Struct, frozen=True):
    name: str
    hostnames: tuple[str, ...]
    variables: Mapping[str, Variable]
    default: bool = False
    line: int = 0


class Branch(Struct, frozen=True):
    """One branch of one repository. `url` None means: the checkout's own remote says it, or there is none."""

    url: str | None
    remote: str
    branch: str
    checkout: Path | None
    follow: bool = True


class Folder(Struct, frozen=True):
    """A plain folder on this machine."""

    root: Path


Location = Branch | Folder


class FileRule(Struct, frozen=True):
    """How one managed path is written: what all patterns that cover it say together."""

    mode: Mode = Mode.WHOLE
    block_id: str | None = None
    delimiters: str = "jinja"
    check: str | None = None
    max_chars: int | None = None
    max_lines: int | None = None
    secrets: str = "block"
    markers: tuple[str, ...] = ()  # the two lines of a block, with ID in them
    replaces: str | None = None
    formatter: str | None = None
    allow: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    format: str | None = None
    match: tuple[tuple[str, tuple[str, ...]], ...] = ()  # paths of lists, and the keys that identify an entry


class FilePattern(Struct, frozen=True):
    """One entry of `files`: a path or a pattern as in .gitignore, and the settings it names."""

    pattern: str
    settings: Mapping[str, Any]
    line: int = 0


class Target(Struct, frozen=True):
    """One entry of the inventory, kept in a desired state."""

    name: str
    location: Location
    templates: tuple[str, ...]
    groups: tuple[str, ...]
    variables: Mapping[str, Variable]
    line: int = 0

    @property
    def kind(self) -> Literal["repo", "folder"]:
        return "repo" if isinstance(self.location, Branch) else "folder"

    @property
    def branch(self) -> str | None:
        return self.location.branch if isinstance(self.location, Branch) else None


class Inventory(Struct, frozen=True):
    """`inventory.yaml`, parsed: targets in its order, repositories before folders."""

    path: Path
    root: Path
    targets: tuple[Target, ...]
    machines: Mapping[str, Machine]
    patterns: tuple[FilePattern, ...]
    ledger: str | None = None
    database: str | None = None


# --- what should be


class File(Struct, frozen=True):
    """What git would store at a path."""

    content: bytes
    executable: bool = False

    @property
    def mode(self) -> str:
        return "100755" if self.executable else "100644"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class TemplateFile(Struct, frozen=True):
    """One file under templates/, by its path from there."""

    name: str
    content: bytes
    executable: bool


class Slot(Struct, frozen=True):
    """One managed path of a target before it is rendered; `template` is None for a path that must be absent."""

    path: PurePosixPath
    set: str
    template: str | None
    rule: FileRule


class Managed(Struct, frozen=True):
    """One managed path of a target and what its template asks for; `body` is what was rendered."""

    path: PurePosixPath
    mode: Mode
    body: bytes
    executable: bool
    rule: FileRule
    set: str
    template: str

    @property
    def block_id(self) -> str:
        return self.rule.block_id or self.set


class Problem(Struct, frozen=True):
    """Why one managed path of a target cannot be rendered or would break a policy."""

    path: PurePosixPath
    message: str


class Desired(Struct, frozen=True):
    """What a target's template sets ask for. A path that is not here is not ours."""

    managed: tuple[Managed, ...]
    problems: tuple[Problem, ...] = ()


class Unproved(Struct, frozen=True):
    """A document of a target, and what in it is wrong when it is tried on the event store."""

    target: str
    path: str
    reason: str


# --- what is there


class Obstacle(Struct, frozen=True):
    """Something at a managed path that is not a plain file: a directory, a symlink, a submodule, a twin."""

    what: str
    link: str = ""  # of a symlink upstream, the object that says where it leads

    @property
    def way_out(self) -> str:
        if not self.what.startswith("a symlink to "):
            return ""
        return "; name the file it leads to instead, or put a plain file in its place"


class Written(Struct, frozen=True):
    """What rollout last wrote at a path; `file` None means that it deleted it.

    `ours` holds what rollout added to a merged document, as (before, after) pairs, oldest first. `merged` is set
    when `file` is a merge of drift: the sha256 of what the template said then, with `merge_base` before it. `disputed`
    says that somebody amended or resolved a commit of ours since, and that what it had written is not known.
    """

    file: File | None
    commit: str | None = None
    ours: tuple[tuple[bytes, bytes], ...] = ()
    merged: str | None = None
    merge_base: File | None = None
    disputed: bool = False
    own: bool = True  # whether this very target wrote there, and not only another of the same repository


class Snapshot(Struct, frozen=True):
    """The managed paths of one place as they are, and what rollout last wrote there.

    `revision` is a commit id for a branch and a digest of the managed paths for a folder. `line_ends` says
    which text conversion the repository's attributes ask for ("binary", "text", "auto").
    """

    revision: str
    files: Mapping[PurePosixPath, File | Obstacle | None]
    written: Mapping[PurePosixPath, Written] = field(default_factory=dict)
    line_ends: Mapping[PurePosixPath, str] = field(default_factory=dict)
    newest: str | None = None  # the newest commit of ours upstream


# --- the plan


class Change(Struct, frozen=True):
    """One file: what is there, what should be, and what rollout last wrote there.

    `decided` is true when it may be written as it stands; drift and adoption wait for a decision.
    """

    path: PurePosixPath
    action: Action
    cause: str
    before: File | None
    after: File | None
    base: File | None = None
    decided: bool = True
    template: str | None = None  # sha256 of what the template says, where `after` is a merge of drift

    @property
    def idle(self) -> bool:
        """Tell whether it comes to what is there already: a merge of drift with a template that did not change."""
        return self.before == self.after


class Step(Struct, frozen=True):
    """One target, frozen: all that a worker needs to write it, with `base` as the compare-and-swap."""

    target: str
    location: Location
    state: State
    reason: str
    base: str | None
    changes: tuple[Change, ...] = ()
    managed: Mapping[PurePosixPath, str] = field(default_factory=dict)  # path -> fingerprint when planned
    in_sync: int = 0
    pending: str | None = None  # our own commit that is not upstream yet
    overtaken: bool = False  # a commit of ours waits that is no longer what upstream and the templates ask for
    outrun: tuple[PurePosixPath, ...] = ()  # files of that commit that others changed upstream since
    follow: bool = False  # the checkout is behind and nothing hinders it
    warnings: tuple[str, ...] = ()
    orphans: tuple[PurePosixPath, ...] = ()
    identity: str = ""  # where the target lives: url or folder
    author: str = ""  # who a commit would be by
    commit: str | None = None  # our newest commit: the one that waits, else the one upstream
    ahead: int | None = None  # commits of the local branch that upstream does not have
    behind: int | None = None  # and the other way round
    known_at: float | None = None  # when upstream was last asked, in seconds since the epoch
    checkout: tuple[tuple[PurePosixPath, str], ...] = ()  # managed paths of the checkout that upstream has otherwise
    asked: str = ""  # all that decided what is desired, in one word; a saved plan does not hold it

    @property
    def kind(self) -> Literal["repo", "folder"]:
        return "repo" if isinstance(self.location, Branch) else "folder"

    @property
    def branch(self) -> str | None:
        return self.location.branch if isinstance(self.location, Branch) else None


class Plan(Struct, frozen=True):
    id: str
    created: str
    steps: tuple[Step, ...]
    digest: str = ""


# --- what happened


class Author(Struct, frozen=True):
    """Who signs a commit, as the person's own git configuration says."""

    name: str
    email: str

    @property
    def shown(self) -> str:
        return f"{self.name} <{self.email}>"


class Identity(Struct, frozen=True):
    author: Author
    committer: Author
    sign: bool = False
    signing: tuple[str, ...] = ()  # the person's settings by which git finds their key, as NAME=VALUE


class Run(Struct, frozen=True):
    """One execution of apply, push or revert; its time dates every commit it makes."""

    id: str
    command: str
    started_at: str
    epoch: int
    subject: str
    plan: str = ""
    digest: str = ""


class WrittenPath(Struct, frozen=True):
    """One path that an outcome changed, by the fingerprints before and after."""

    path: str
    action: str
    before: str | None
    after: str | None


class Outcome(Struct, frozen=True):
    target: str
    verdict: Verdict
    reason: str = ""
    base: str | None = None
    commit: str | None = None
    duration_ms: int = 0
    kind: str = "repo"
    branch: str | None = None
    paths: tuple[WrittenPath, ...] = ()
    notes: tuple[str, ...] = ()  # what a person should know although the outcome stands


class PastRun(Struct, frozen=True):
    """A run as the ledger remembers it; `exit_code` is None for one that never ended."""

    run: str
    command: str
    subject: str
    started_at: str
    finished_at: str | None
    plan: str
    digest: str
    exit_code: int | None
    outcomes: tuple[Outcome, ...] = ()
    at_work: bool = False  # it has not ended because it is not over


class LastOutcome(Struct, frozen=True):
    """What the ledger says of a target last, and when it was last changed by us."""

    outcome: str
    reason: str
    commit: str | None
    run: str
    recorded_at: str
    applied_at: str | None = None  # when we last changed it
    applied: str = ""  # and how
