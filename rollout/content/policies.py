"""What no written file may contain unless its rule allows it: each policy by name, with the line that it finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.content import markdown
from rollout.content.modes.table import traits
from rollout.model.delimiters import Delimiters
from rollout.model.inventory import FileRule, PolicyName
from rollout.safety.flaw import Flaw

_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"

_HIDDEN = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
)

_TAGS = "\U000e0000-\U000e007f\U000e0100-\U000e01ef"
_UNSEEN = re.compile(f"[{_BIDIRECTIONAL}{_HIDDEN}{_TAGS}]")
# Emoji and scripts other than Latin use these: joiners between characters, and tags after a flag.
_OF_WRITING = "[^\0-\u02ff\U000e1000-\U0010ffff]"  # U+0300 to U+E0FFF: Python compiles what is left out much faster
_WRITING = re.compile(f"(?<={_OF_WRITING})[\u200c\u200d](?={_OF_WRITING})|\U0001f3f4[\U000e0020-\U000e007f]+")

_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: .*)?\r?$", re.MULTILINE)
_VARIABLE = r"[ \t]*([A-Za-z_]\w*)[\w.\[\]'\"]*[ \t]*(?:\|[^{}<>\n]*)?"

_BRACES, _ANGLES = re.compile(rf"(?<!\$)\{{\{{-?{_VARIABLE}-?\}}\}}"), re.compile(rf"<<-?{_VARIABLE}-?>>")

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?=[^\s-])(.*?)(?:^(?:---|\.\.\.)[ \t]*\r?$|\Z)", re.DOTALL | re.MULTILINE)


def broken(content: bytes, rule: FileRule, path: PurePosixPath, as_template: str | None = None) -> Flaw | None:
    """Say which policy a text breaks and how to allow it, or None; binary content breaks none.

    A text that was copied gets told as which template it would be rendered.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    for name, find in _POLICIES.items():
        found = None if name in rule.allow else find(text, rule, path)
        if found is not None:
            way = f"name the template {as_template}, or " if as_template and find is unresolved else ""
            return replace(found, way_out=f"{way}allow: [{name}] in 'files' lets it through")
    return None


def all_broken(content: bytes, rule: FileRule, path: PurePosixPath) -> list[PolicyName]:
    """Return the names of all policies that a text breaks."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return []
    return [] if "\0" in text else [name for name, find in _POLICIES.items() if find(text, rule, path)]


def hidden(text: str, _rule: FileRule, _path: PurePosixPath) -> Flaw | None:
    """Find a character that is invisible or that reverses the order of what is shown."""
    if text.isascii():
        return None
    bare = _WRITING.sub(lambda found: "x" * len(found[0]), text.removeprefix("\ufeff"))
    found = _UNSEEN.search(bare)
    return Flaw(f"holds a hidden character, U+{ord(found[0]):04X}", _line(bare, found.start())) if found else None


def unresolved(text: str, rule: FileRule, _path: PurePosixPath) -> Flaw | None:
    """Find a template placeholder that was never filled in; `${{ }}` and here-documents are not placeholders."""
    angled = rule.delimiters is Delimiters.ANGLE
    for found in (_ANGLES if angled else _BRACES).finditer(text):
        here = angled and re.search(rf"^\s*{found[1]}\s*$", text[found.end() :], re.MULTILINE)
        if found[1] not in rule.placeholders and not here:
            return Flaw(f"still says {found[0]}, which nothing replaces", _line(text, found.start()))
    return None


def conflict(text: str, _rule: FileRule, _path: PurePosixPath) -> Flaw | None:
    """Find the conflict markers that an unresolved merge leaves behind."""
    found = _CONFLICT.search(text)
    return Flaw(f"holds a conflict marker, {found[0][:7]}", _line(text, found.start())) if found else None


def front_matter(text: str, rule: FileRule, path: PurePosixPath) -> Flaw | None:
    """Find an error in the front matter of a Markdown file; Cursor's own `.mdc` is not YAML."""
    if not traits(rule.mode).from_the_top or path.suffix.lower() == ".mdc" or not markdown.is_markdown(path):
        return None
    found = _FRONT_MATTER.match(text.removeprefix("\ufeff"))
    if found is None:
        return None
    if not found[0].rstrip().endswith(("---", "...")):
        return Flaw("the front matter does not end", 1)
    from rollout.content.yaml import nodes as yaml_nodes
    from rollout.content.yaml import parse as yaml_parse

    node, faults = yaml_parse.parse(found[1])
    if faults:
        return Flaw(f"the front matter does not parse: {faults[0].message}", faults[0].line + 1)
    return (
        None if node is None or isinstance(node, yaml_nodes.Mapping) else Flaw("the front matter is not a mapping", 2)
    )


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


_POLICIES: dict[PolicyName, Callable[[str, FileRule, PurePosixPath], Flaw | None]] = {
    PolicyName.UNICODE: hidden,
    PolicyName.CONFLICT: conflict,
    PolicyName.UNRESOLVED: unresolved,
    PolicyName.FRONT_MATTER: front_matter,
}

NAMES = tuple(_POLICIES)
