"""What `init` reads of repositories, and what it proposes to take over from them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath

from msgspec import Struct, field

from rollout.model.delimiters import Delimiters
from rollout.model.files import RENDERED, Snapshot, TemplateFile
from rollout.model.inventory import FoundCheckout, PolicyName


class LeftOut(Struct, frozen=True):
    """A repository or a path that is not taken over, and why."""

    name: str
    reason: str


class Sample(Struct, frozen=True):
    """One repository to learn from: its name in the inventory, and the files of its default branch.

    `listing` has the paths of all its files, `snapshot` those that it shares with others.
    """

    name: str
    checkout: FoundCheckout
    url: str
    listing: frozenset[str]
    snapshot: Snapshot


class Form(StrEnum):
    """What to do with a path that several repositories have."""

    TEMPLATE = "template"
    BLOCK = "block"
    SKIP = "skip"


Value = str | bool


class Learned(Struct, frozen=True):
    """One path in the repositories whose texts are similar enough to come from one template.

    `values` are the values of its variables in each repository. `text` is the template's; a file `is_rendered` unless
    all its copies are equal.
    """

    path: PurePosixPath
    repositories: tuple[str, ...]
    variants: int
    form: Form
    text: bytes = b""
    is_rendered: bool = False
    executable: bool = False
    delimiters: Delimiters = Delimiters.JINJA
    allow: tuple[PolicyName, ...] = ()
    values: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    reason: str = ""


class TemplateSet(Struct, frozen=True):
    """A template set: the files that the same repositories have in common."""

    name: str
    repositories: tuple[str, ...]
    files: tuple[Learned, ...]


class Takeover(Struct, frozen=True):
    """Everything to take over, and what is left out."""

    sources: tuple[Sample, ...]
    files: tuple[Learned, ...]
    sets: tuple[TemplateSet, ...]
    groups: Mapping[str, tuple[str, ...]]
    left_out: tuple[LeftOut, ...]
    agents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by repository, who reads its rules

    def templates(self) -> dict[str, TemplateFile]:
        """Return the files to write under templates/, by their paths from there."""
        found = {}
        for one in self.sets:
            for file in one.files:
                name = f"{one.name}/{file.path}" + (RENDERED if file.is_rendered else "")
                found[name] = TemplateFile(name, file.text, file.executable)
        return found
