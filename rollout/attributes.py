"""What a repository's .gitattributes ask for at a path, and the line ends that follow from it.

Follows git's attr.c and convert.c: what is decided here without git is compared with git in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from rollout.globs import matches_exactly

# Attributes by which something other than line ends happens to the bytes between repository and work tree.
FOREIGN = ("filter", "ident", "working-tree-encoding")
_INTERESTING = {"text", "eol", "crlf", "binary", *FOREIGN}
_BINARY = {"diff": "unset", "merge": "unset", "text": "unset"}

Conversion = Literal["binary", "text", "text-crlf", "text-lf", "auto", "auto-crlf", "auto-lf"]


class Rule(Struct, frozen=True):
    pattern: str
    states: tuple[tuple[str, str], ...]  # attribute -> "set", "unset", "unspecified" or its value


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
        return word[1:], "unset"
    if word.startswith("!"):
        return word[1:], "unspecified"
    name, equals, value = word.partition("=")
    return name, value if equals else "set"


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


def _apply(
    found: dict[str, str],
    macros: Mapping[str, tuple[tuple[str, str], ...]],
    name: str,
    state: str,
    depth: int,
) -> None:
    found[name] = state
    if state == "set" and name in macros and depth < 10:
        for inner, inner_state in macros[name]:
            _apply(found, macros, inner, inner_state, depth + 1)


def foreign(attributes: Mapping[str, str]) -> str | None:
    """Name the attribute that puts a path out of our reach (`filter=lfs`), or None."""
    for name in FOREIGN:
        state = attributes.get(name, "unspecified")
        if state not in {"unspecified", "unset"}:
            return name if state == "set" else f"{name}={state}"
    return None


def conversion(attributes: Mapping[str, str]) -> Conversion:
    """Return which text conversion applies, without regard to a person's own configuration."""
    text = attributes.get("text", "unspecified")
    if text == "unspecified":  # the old name of the attribute
        legacy = attributes.get("crlf", "unspecified")
        if legacy == "input":
            return "text-lf"
        text = {"set": "set", "unset": "unset"}.get(legacy, "unspecified")
    eol = attributes.get("eol", "unspecified")
    if text == "unset":
        return "binary"
    if text == "auto":
        return "auto-crlf" if eol == "crlf" else "auto-lf" if eol == "lf" else "auto"
    if eol == "crlf":
        return "text-crlf"
    if eol == "lf":
        return "text-lf"
    return "text" if text == "set" else "binary"


def unspecified(attributes: Mapping[str, str]) -> bool:
    """Tell whether nothing was said about text, so that a person's core.autocrlf decides."""
    return all(attributes.get(name, "unspecified") == "unspecified" for name in ("text", "crlf", "eol"))


class LineEnds(Struct, frozen=True):
    """A person's own configuration of line ends: `core.autocrlf` and `core.eol`."""

    autocrlf: Literal["false", "true", "input"] = "false"
    eol: Literal["native", "lf", "crlf"] = "native"

    @property
    def crlf(self) -> bool:
        return self.autocrlf == "true" or (self.autocrlf == "false" and self.eol == "crlf")


def to_repository(content: bytes, how: str) -> bytes:
    """Return what git stores: text has LF, whatever the work tree or the template had."""
    if how == "binary" or b"\r\n" not in content:
        return content
    if how.startswith("auto") and _looks_binary(content):
        return content
    return content.replace(b"\r\n", b"\n")


def to_work_tree(content: bytes, attributes: Mapping[str, str], person: LineEnds) -> bytes:
    """Return what git writes into the work tree for a stored blob."""
    how = conversion(attributes)
    if unspecified(attributes) and person.autocrlf == "true":
        how = "auto-crlf"
    if how == "binary" or how.endswith("-lf"):
        return content
    if not how.endswith("-crlf") and not person.crlf:
        return content
    if how.startswith("auto") and (b"\r" in content or _looks_binary(content)):
        return content
    return re.sub(rb"(?<!\r)\n", b"\r\n", content)


def _looks_binary(content: bytes) -> bool:
    """Judge as convert.c does: a NUL, a lone CR, or more than one unprintable byte in 128."""
    if b"\0" in content or re.search(rb"\r(?!\n)", content):
        return True
    body = content[:-1] if content.endswith(b"\x1a") else content
    odd = len(re.findall(rb"[\x01-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f]", body))
    crlf = content.count(b"\n") + content.count(b"\r\n")
    return (len(body) - odd - crlf) >> 7 < odd
