"""What an inventory names: targets, machines, variables and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum
from pathlib import Path, PurePosixPath
from typing import TypeAlias, assert_never

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from rollout.model.delimiters import Delimiters
from rollout.model.groups import GroupNames
from rollout.model.limits import Budget, Forbidden, Limit
from rollout.model.reviews import Delivery, Forge
from rollout.model.waves import Pace


class FoundCheckout(Struct, frozen=True):
    """A repository that was found: its folder's name, where that is below the root, its branch and its remote."""

    name: str
    path: PurePosixPath
    branch: str
    remote: str


class Mode(StrEnum):
    """How a managed path is written."""

    WHOLE = "whole"
    BLOCK = "block"
    MERGE = "merge"
    ABSENT = "absent"
    ONCE = "once"


class FormatName(StrEnum):
    """The format of a document that is merged key by key."""

    YAML = "yaml"
    JSON = "json"
    JSONC = "jsonc"
    TOML = "toml"
    INI = "ini"


class PolicyName(StrEnum):
    """A policy on what is written, which a file may be allowed to break."""

    UNICODE = "unicode"
    UNRESOLVED = "unresolved"
    CONFLICT = "conflict"
    IMPORTS = "imports"
    LINKS = "links"
    FRONT_MATTER = "front-matter"
    HOOKS = "hooks"


class Secrets(StrEnum):
    """What happens to a file that seems to hold a secret."""

    BLOCK = "block"
    ALLOW = "allow"


YamlValue: TypeAlias = bool | int | float | str | Sequence["YamlValue"] | Mapping[str, "YamlValue"] | None
"""What YAML can hold."""


class InInventory(Struct, frozen=True):
    """The entry of the inventory whose `vars` sets a variable, by its keys; none for the `vars` of all targets."""

    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join(self.keys) or "vars"


class Outside(StrEnum):
    """What sets a variable besides the `vars` of the inventory."""

    COMMAND_LINE = "--var"
    TARGET = ".rollout.yaml"
    EVENTS = "events"
    PROPOSAL = "init"


class Variable(Struct, frozen=True):
    """A value that a template may use, and what sets it."""

    value: YamlValue
    source: InInventory | Outside


class SetWhere(Enum):
    """Where a variable gets its new value: for the target alone, or where it is set now, for all that read it."""

    TARGET = "set"
    EVERYWHERE = "set-all"


class Machine(Struct, frozen=True):
    name: str
    hostnames: tuple[str, ...]
    variables: Mapping[str, Variable]
    default: bool = False
    line: int = 0


class Branch(Struct, frozen=True):
    """One branch of one repository. If `url` is None, the checkout's own remote has it, or there is none."""

    url: str | None
    remote: str
    branch: str
    checkout: Path | None
    follow: bool = True


class Folder(Struct, frozen=True):
    """A plain folder on this machine."""

    root: Path


Location = Branch | Folder


class TargetKind(StrEnum):
    """What a target is, in one word."""

    REPO = "repo"
    FOLDER = "folder"


def kind_of(location: Location) -> TargetKind:
    match location:
        case Branch():
            return TargetKind.REPO
        case Folder():
            return TargetKind.FOLDER
        case never:
            assert_never(never)


class FileRule(Struct, frozen=True):
    """How one managed path is written: the combined settings of all patterns that match it."""

    mode: Mode = Mode.WHOLE
    block_id: str | None = None
    delimiters: Delimiters = Delimiters.JINJA
    check: str | None = None
    max_chars: int | None = None
    max_lines: int | None = None
    secrets: Secrets = Secrets.BLOCK
    markers: tuple[str, ...] = ()  # the two lines of a block, with ID in them
    replaces: tuple[str, ...] = ()  # the sections that a block replaces when the file is adopted
    formatter: str | None = None
    allow: tuple[PolicyName, ...] = ()
    placeholders: tuple[str, ...] = ()
    format: FormatName | None = None
    limits: tuple[Limit, ...] = ()  # of those who read it
    match: tuple[tuple[str, tuple[str, ...]], ...] = ()  # paths of lists, and the keys that identify an entry


class FileSettings(Struct, frozen=True):
    """What one entry of `files` says of a FileRule; None if it says nothing."""

    mode: Mode | None = None
    block_id: str | None = None
    delimiters: Delimiters | None = None
    check: str | None = None
    max_chars: int | None = None
    max_lines: int | None = None
    secrets: Secrets | None = None
    markers: tuple[str, ...] | None = None
    replaces: tuple[str, ...] | None = None
    formatter: str | None = None
    allow: tuple[PolicyName, ...] | None = None
    placeholders: tuple[str, ...] | None = None
    format: FormatName | None = None
    match: tuple[tuple[str, tuple[str, ...]], ...] | None = None

    def over(self, rule: FileRule) -> FileRule:
        """Return a rule in which these settings replace others."""
        return replace(rule, **{name: value for name, value in asdict(self).items() if value is not None})


class FilePattern(Struct, frozen=True):
    """One entry of `files`: a path or a pattern as in .gitignore, and its settings."""

    pattern: str
    settings: FileSettings
    line: int = 0


class Hold(Struct, frozen=True):
    """A hold on a target: until a day, written as 2026-03-01, or for good."""

    until: str | None = None


class Target(Struct, frozen=True):
    """One entry of the inventory, kept in a desired state."""

    name: str
    location: Location
    templates: tuple[str, ...]
    groups: tuple[str, ...]
    variables: Mapping[str, Variable]
    line: int = 0
    needs: tuple[str, ...] = ()  # targets that must be as they should be before this one is written
    machines: tuple[str, ...] = ()  # where it is; none means wherever the program runs
    delivery: Delivery = Delivery()
    hold: Hold | None = None
    agents: tuple[str, ...] | None = None  # who is to read the rules of its sets; None: rules are files like others
    ignores: tuple[str, ...] = ()  # managed paths that its own people leave out

    @property
    def kind(self) -> TargetKind:
        return kind_of(self.location)

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
    budgets: tuple[Budget, ...] = ()
    forbid: tuple[Forbidden, ...] = ()
    pace: Pace = Pace()
    forges: Mapping[str, Forge] = field(default_factory=dict)
    target_may: tuple[str, ...] = ()  # what targets may set in their own `.rollout.yaml`
    discover: tuple[str, ...] = ()  # sources of repositories that it may not list yet
    groups: GroupNames = GroupNames()
