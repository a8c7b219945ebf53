"""The lines between `---` at the top of a Markdown file, read as forgivingly as agents read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from msgspec import Struct

_FENCED = re.compile(r"\ufeff?---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"([A-Za-z_][\w-]*):(?:[ \t]+(.*?))?[ \t]*\Z")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*?)[ \t]*\Z")
_PLAIN = re.compile(r"[A-Za-z/(][^:#\n\t'\"\\]*\Z")
_NOT_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}

Value = str | tuple[str, ...]


class Split(Struct, frozen=True):
    """A text in two: the front matter with its fences, and the rest."""

    head: str
    body: str

    @property
    def lines(self) -> str:
        """Return what stands between the fences."""
        found = _FENCED.match(self.head)
        return found[1] if found else ""


def split(text: str) -> Split:
    found = _FENCED.match(text)
    end = found.end() if found else 0
    return Split(text[:end], text[end:])


def trimmed(text: str) -> str:
    """Return a text without blank lines around it, and with one line end as its last character."""
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0].strip():
        lines.pop(0)
    return "\n".join([*lines, ""]) if lines else ""


def values(head: str) -> dict[str, Value] | None:
    """Return what front matter says: texts and lists; None if it is of another form, or says a thing twice."""
    found: dict[str, Value] = {}
    open_key = ""
    for line in Split(head, "").lines.split("\n"):
        if not line.strip() or line.lstrip().startswith("# "):
            continue
        item, key = _ITEM.match(line), _KEY.match(line)
        if item is not None and open_key:
            above = found[open_key]
            found[open_key] = (*(above if isinstance(above, tuple) else ()), _unquoted(item[1]))
        elif key is not None and key[1] not in found:
            found[key[1]] = _value(key[2] or "")
            open_key = key[1] if not key[2] else ""
        else:
            return None
    return found


def _value(said: str) -> Value:
    if said.startswith("[") and said.endswith("]"):
        return tuple(_unquoted(part.strip()) for part in listed(said[1:-1]))
    return _unquoted(said)


def _unquoted(said: str) -> str:
    if len(said) > 1 and said[0] == said[-1] == '"':
        try:
            return str(json.loads(said))
        except ValueError:
            return said[1:-1]
    return said[1:-1].replace("''", "'") if len(said) > 1 and said[0] == said[-1] == "'" else said


def listed(said: Value) -> tuple[str, ...]:
    """Return the parts of a list that commas part; commas in braces and quotes part nothing."""
    if isinstance(said, tuple):
        return said
    parts, depth, quote = [""], 0, ""
    for character in said:
        if quote or character in "\"'":
            quote = "" if character == quote else quote or character
        depth += 0 if quote else {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth <= 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return tuple(part.strip() for part in parts if part.strip())


def text(said: str) -> str:
    """Return a text as YAML writes it on one line: as it is where that can be read as nothing else."""
    plain = _PLAIN.match(said) and not said.endswith(" ") and said.lower() not in _NOT_TEXT
    return said if plain else json.dumps(said, ensure_ascii=False)


def written(keys: Iterable[tuple[str, str]]) -> str:
    """Return front matter of keys and of what stands after their colons, with an empty line below."""
    return "".join(["---\n", *(f"{key}: {value}".rstrip() + "\n" for key, value in keys), "---\n\n"])
