"""What a repository's .gitattributes ask for at a path, and the line ends that follow from it.

Follows git's attr.c and convert.c: what is decided here without git is compared with git in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.content.patterns import matches_exactly
from rollout.model.files import Obstacle

# The states of an attribute, as `git check-attr` names them; any other is its value.
SET, UNSET, UNSPECIFIED = "set", "unset", "unspecified"

NAME = ".gitattributes"

# Attributes by which something other than line ends happens to the bytes between repository and work tree.
FOREIGN = ("filter", "ident", "working-tree-encoding")
_INTERESTING = {"text", "eol", "crlf", "binary", *FOREIGN}
_BINARY = {"diff": UNSET, "merge": UNSET, "text": UNSET}


class Rule(Struct, frozen=True):
    pattern: str
    states: tuple[tuple[str, str], ...]  # attribute -> its state


class AttributesFile(Struct, frozen=True):
    """One .gitattributes, with the folder whose paths it speaks of ("" is the top)."""

    folder: str
    rules: tuple[Rule, ...]
    macros: Mapping[str, tuple[tuple[str, str], ...]]


def parse(content: bytes, folder: str = "") -> AttributesFile:
    """Read one attributes file; lines that git ignores (negative patterns, odd names) are ignored here too."""
    rules = []
    macros: dict[str, tuple[tuple[str, str], ...]] = {}
    for raw in content.decode("utf-8", "surrogateescape").split("\n"):
        line = raw.strip(" \t\r")
        if not line or line.startswith("#"):
            continue
        pattern, rest = _split_pattern(line)
        states = tuple(_state(word) for word in rest.split())
        if pattern.startswith("[attr]"):
            macros[pattern[6:]] = states
        elif not pattern.startswith("!"):
            rules.append(Rule(pattern, states))
    return AttributesFile(folder, tuple(rules), macros)


def _split_pattern(line: str) -> tuple[str, str]:
    if line.startswith('"'):
        quoted = re.match(r'"((?:[^"\\]|\\.)*)"(.*)', line)
        if quoted:
            return re.sub(r"\\(.)", r"\1", quoted[1]), quoted[2]
    pattern, _, rest = line.replace("\t", " ").partition(" ")
    return pattern, rest


def _state(word: str) -> tuple[str, str]:
    if word.startswith("-"):
        return word[1:], UNSET
    if word.startswith("!"):
        return word[1:], UNSPECIFIED
    name, equals, value = word.partition("=")
    return name, value if equals else SET


def lookup(files: Iterable[AttributesFile], path: str) -> dict[str, str]:
    """Return the attributes in force at `path`; of two that speak of it the later file and line wins.

    `files` come in git's order of precedence, weakest first: global, top folder, deeper folders, info/attributes.
    """
    ordered = list(files)
    macros: dict[str, tuple[tuple[str, str], ...]] = {"binary": tuple(_BINARY.items())}
    for file in ordered:
        macros.update(file.macros)
    found: dict[str, str] = {}
    for file in ordered:
        prefix = file.folder + "/" if file.folder else ""
        if not path.startswith(prefix):
            continue
        inside = path[len(prefix) :]
        for rule in file.rules:
            if matches_exactly(rule.pattern, inside):
                for name, state in rule.states:
                    _apply(found, macros, name, state, 0)
    return found


def in_force(files: Mapping[str, bytes], paths: Iterable[PurePosixPath]) -> dict[PurePosixPath, dict[str, str]]:
    """Return the attributes of each path. `files` are the contents of attributes files by folder; the nearer wins."""
    by_depth = sorted(files.items(), key=lambda item: item[0].count("/") + bool(item[0]))
    rules = [parse(content, folder) for folder, content in by_depth]
    return {path: lookup(rules, str(path)) for path in paths}


def _apply(
    found: dict[str, str],
    macros: Mapping[str, tuple[tuple[str, str], ...]],
    name: str,
    state: str,
    depth: int,
) -> None:
    found[name] = state
    if state == SET and name in macros and depth < 10:
        for inner, inner_state in macros[name]:
            _apply(found, macros, inner, inner_state, depth + 1)


def foreign(attributes: Mapping[str, str]) -> str | None:
    """Name the attribute that puts a path out of our reach (`filter=lfs`), or None."""
    for name in FOREIGN:
        state = attributes.get(name, UNSPECIFIED)
        if state not in {UNSPECIFIED, UNSET}:
            return name if state == SET else f"{name}={state}"
    return None


def obstacle(attributes: Mapping[str, str]) -> Obstacle | None:
    """Return what keeps us from a path whose bytes a program changes between the repository and a work tree."""
    name = foreign(attributes)
    way_out = "take it out of .gitattributes, or the file out of the templates"
    return Obstacle(f"under the attribute {name}", remedy=way_out) if name else None
