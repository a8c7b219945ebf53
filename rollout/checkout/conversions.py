"""Find the attributes and line ends that apply in a work tree."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout.content import attributes
from rollout.content.attributes import AttributesFile
from rollout.content.line_ends import AutoCrlf, Eol, LineEnds, conversion, to_repository, unspecified
from rollout.git.git_folder import GitDir
from rollout.git.person import Person
from rollout.model.line_ends import Conversion
from rollout.objects.ids import git_id
from rollout.objects.trees import Objects, Tree

_MAX_ATTRIBUTES = 16 * 1024 * 1024


def line_ends(repo: GitDir, person: Person) -> LineEnds:
    """Return the line ends of this repository's work tree: its own configuration overrides the person's."""
    autocrlf = repo.setting("core", "autocrlf", person.autocrlf).lower()
    autocrlf = {"yes": "true", "on": "true", "1": "true"}.get(autocrlf, autocrlf)
    eol = repo.setting("core", "eol", person.eol).lower()
    return LineEnds(
        AutoCrlf(autocrlf) if autocrlf in set(AutoCrlf) else AutoCrlf.FALSE,
        Eol(eol) if eol in set(Eol) else Eol.NATIVE,
    )


class Conversions(Struct, frozen=True):
    """The attributes that apply in a work tree when a commit is checked out there."""

    rules: tuple[AttributesFile, ...]
    person: LineEnds

    def of(self, path: PurePosixPath) -> dict[str, str]:
        return attributes.lookup(self.rules, str(path))

    def ids(self, content: bytes, path: PurePosixPath, size: int) -> set[str]:
        """Return the ids that git may give to a work tree file: as it is, and with converted line ends."""
        in_force = self.of(path)
        how = conversion(in_force)
        if unspecified(in_force) and self.person.autocrlf is not AutoCrlf.FALSE:
            how = Conversion.AUTO
        return {git_id(content, size), git_id(to_repository(content, how), size)}


def conversions(
    repo: GitDir, tree: Tree, objects: Objects, person: Person, touched: Iterable[PurePosixPath]
) -> Conversions:
    """Read the attributes from the commit that we move to, as git does in a checkout."""
    rules = []
    globally = person.attributes_file or "~/.config/git/attributes"
    for path, folder in ((Path(globally).expanduser(), ""),):
        rules += _rules_at(path, folder)
    for folder, blob in sorted(tree.attribute_files(touched).items(), key=lambda i: i[0].count("/") + bool(i[0])):
        found = objects.read(blob)
        rules.append(attributes.parse(found.content if found else b"", folder))
    rules += _rules_at(repo.common_dir / "info" / "attributes", "")
    return Conversions(tuple(rules), line_ends(repo, person))


def _rules_at(path: Path, folder: str) -> list[AttributesFile]:
    try:
        # Opened without blocking, because a pipe may be in its place.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return [attributes.parse(file.read(_MAX_ATTRIBUTES), folder)]
    except OSError:
        return []
