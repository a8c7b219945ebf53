"""Find what a text refers to that must exist: imports, links, and the commands of hooks."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote

from msgspec import Struct

from rollout.content import markdown
from rollout.content.imports import imports, looks_like_a_file, place
from rollout.content.modes.table import traits
from rollout.model.files import Managed
from rollout.model.inventory import PolicyName
from rollout.safety.flaw import Flaw

_LINK = re.compile(r"\]\(\s*(?:<([^<>]*)>|([^\s()<>]+(?:\([^\s()]*\)[^\s()]*)*))")
# A reference, and its definition: a line of its own, with at most a title behind the address.
_REFERENCE = re.compile(r"\]\[([^\[\]]+)\]|\[([^\[\]^][^\[\]]*)\](?!\[[^\]]|[(:])")
_DEFINITION = re.compile(
    r" {0,3}\[([^\[\]^][^\[\]]*)\]:[ \t]*(?:<([^<>]*)>|(\S+))(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*\Z"
)
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_PROJECT = re.compile(r"\A\$(?:CLAUDE_PROJECT_DIR|\{CLAUDE_PROJECT_DIR(?::-\.)?\})/")
_SHELLS = {"sh", "bash", "dash", "zsh", "python", "python3", "node"}


class Pointer(Struct, frozen=True):
    """A file that a line of a text names: by its path in the target, or on the machine for a command."""

    policy: PolicyName
    line: int
    words: str
    place: PurePosixPath
    runs: bool = False  # called directly, so that it must be executable

    def fault(self, what: str) -> Flaw:
        allowed = f"allow: [{self.policy}] in 'files' lets it through"
        return Flaw(f"{self.words} {what}", self.line, allowed)


def pointers(item: Managed) -> Iterator[Pointer]:
    """Yield what a file to be written refers to, except for what its rule allows."""
    try:
        text = item.body.decode()
    except UnicodeDecodeError:
        return
    if not traits(item.mode).writes:
        return
    if markdown.is_markdown(item.path):
        if PolicyName.IMPORTS not in item.rule.allow:
            yield from _imports(text, item.path)
        if PolicyName.LINKS not in item.rule.allow:
            yield from _links(text, item.path)
    elif item.path.suffix == ".json" and item.path.parent.name == ".claude" and PolicyName.HOOKS not in item.rule.allow:
        yield from _hooks(text)


def _imports(text: str, path: PurePosixPath) -> Iterator[Pointer]:
    for line, name in imports(text):
        there = place(name, path)
        if there is not None and looks_like_a_file(name):
            yield Pointer(PolicyName.IMPORTS, line, f"imports @{name}, which", there)


def _links(text: str, path: PurePosixPath) -> Iterator[Pointer]:
    if "](" not in text and "]:" not in text:
        return
    code = markdown.outline(text).code
    bare = {
        number: _CODE.sub(lambda span: " " * len(span[0]), line.removesuffix("\r"))
        for number, line in enumerate(text.split("\n"))
        if number not in code and "[" in line
    }
    used = {_label(one[1] or one[2]) for line in bare.values() for one in _REFERENCE.finditer(line)}
    for number, line in bare.items():
        addresses = [found[1] or found[2] for found in _LINK.finditer(line)]
        defined = _DEFINITION.match(line)
        if defined and _label(defined[1]) in used:
            addresses.append(defined[2] or defined[3])
        for address in addresses:
            yield from _link(number + 1, address or "", path)


def _label(text: str) -> str:
    return markdown.spaced(text).casefold()


def _link(line: int, address: str, path: PurePosixPath) -> Iterator[Pointer]:
    said = unquote(address.split("#")[0].split("?")[0])
    there = None if not said or _SCHEME.match(said) or "\0" in said else place(said, path)
    if there is not None:
        yield Pointer(PolicyName.LINKS, line, f"links to {said}, which", there)


def _hooks(text: str) -> Iterator[Pointer]:
    try:
        document = json.loads(text)
    except ValueError:
        return
    for command in dict.fromkeys(_commands(document.get(PolicyName.HOOKS) if isinstance(document, dict) else None)):
        named = _program(command)
        if named is not None:
            at = text.find(json.dumps(command, ensure_ascii=False))
            line = text.count("\n", 0, max(at, 0)) + 1
            yield Pointer(PolicyName.HOOKS, line, f"runs {named[0]}, which", PurePosixPath(named[0]), named[1])


def _commands(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        command = node.get("command")
        if isinstance(command, str):
            yield command
        for value in node.values():
            yield from _commands(value)
    elif isinstance(node, list):
        for value in node:
            yield from _commands(value)


def _program(command: str) -> tuple[str, bool] | None:
    """Return the path that a command runs, and whether directly; None for a program found in another way."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    direct = True
    if words and words[0].rsplit("/", 1)[-1] in _SHELLS:
        words, direct = words[1:], False
    if not words:
        return None
    path = _PROJECT.sub("./", words[0])
    if "/" not in path or "$" in path or path.startswith(("-", "~")):
        return None
    return (path, direct) if path.startswith("/") else (str(PurePosixPath(path)), direct)
