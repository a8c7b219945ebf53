"""Parts of a TOML template as text, spelled as there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rollout.content.documents.delimited import WrittenPart
from rollout.content.documents.document import Alias, Array, Document, Node, Object, Part, Scalar
from rollout.content.documents.template_text import comment_behind, comments_before
from rollout.content.documents.toml.margins import Margins
from rollout.content.documents.toml.values import keys_at

Path = tuple[str, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONG = re.compile("\"{3}|'{3}")
_OPENS = re.compile(r"[ \t]*\[{0,2}")


class DottedPart(Part, frozen=True):
    """A part of a template that comes between braces behind the keys of its table, with dots."""

    before: Path = ()


def is_line(part: Part) -> bool:
    """Tell whether a part is written as a key and a value, not as a table."""
    return isinstance(part.value, Scalar | Alias) or part.value.style in {"inline", "array"}


class TomlWriter(Struct):
    """Writes parts of a template."""

    template: Document
    newline: str = "\n"  # of the document
    unit: str = "    "
    spread: bool = False
    gap: str = ", "
    sign: str = ""  # the equals sign of what is there already, with the blanks around it; "" is the template's

    def is_line(self, part: Part) -> bool:
        """Tell whether a part goes on lines of the table that it is added to."""
        value = part.value
        return is_line(part) or (
            isinstance(value, Object) and value.style == "dotted" and all(self.is_line(p) for p in value.parts)
        )

    def pair(self, prefix: Path, part: Part, margin: str = "") -> list[str]:
        """Return the lines of a key and its value, or of all keys below it, with the spelled keys before it."""
        path = (*prefix, spelled(self.template.text, part.start, part.key))
        if not is_line(part):
            assert isinstance(part.value, Object | Array)
            if isinstance(part.value, Object) and part.value.parts:
                return [line for child in part.value.parts for line in self.pair(path, child, margin)]
            text = f"{margin}{'.'.join(path)}{self._equals(part)}{self.on_one_line(part.value)}"
            return [*self._above(part, margin), text]
        raw = self.template.text[part.value.start : part.value.end]
        behind = comment_behind(self.template, part.value.end)
        text = f"{'.'.join(path)}{self._equals(part)}{raw}{self._before_comment(part) + behind if behind else ''}"
        first, *more = [line.rstrip("\r") for line in text.split("\n")]
        inside = "" if _LONG.search(raw) else margin  # the blanks on the lines of a text are part of it
        return [*self._above(part, margin), margin + first, *(inside + line if line else line for line in more)]

    def _equals(self, part: Part) -> str:
        return self.sign or (equals(self.template.text, part) if is_line(part) else " = ")

    def _above(self, part: Part, margin: str) -> list[str]:
        return [margin + line for line in comments_before(self.template, part.start)]

    def _before_comment(self, part: Part) -> str:
        rest = self.template.text[part.value.end :]
        return rest[: len(rest) - len(rest.lstrip(" \t"))]

    def header(self, path: Path, at: int) -> str:
        """Return the header of a table, spelled as at a place of the template."""
        return f"[{self._path(path, at)}]"

    def _path(self, path: Path, at: int) -> str:
        return ".".join(spelled(self.template.text, at, key) for key in path)

    def sections(self, path: Path, part: Part, margins: Margins) -> Iterator[list[str]]:
        """Yield the tables that a part comes to, each as its lines."""
        if isinstance(part.value, Array):
            for entry in part.value.parts:
                yield self.entry(path, entry, margins)
            return
        assert isinstance(part.value, Object)
        lines, tables = self._parted(part.value, margins)
        headed = bool(lines) or part.value.style == "table" or not tables
        if headed:
            above = comments_before(self.template, part.value.start) if part.value.style == "table" else ()
            header = [margins.header + line for line in (*above, self.header(path, part.value.start))]
            yield [*header, *lines]
        for child in tables:
            yield from self.sections((*path, child.key), child, margins.below() if headed else margins)

    def entry(self, path: Path, part: Part, margins: Margins) -> list[str]:
        """Return the lines of an entry of an array of tables."""
        assert isinstance(part.value, Object)
        lines, tables = self._parted(part.value, margins)
        sections = (one for child in tables for one in self.sections((*path, child.key), child, margins.below()))
        below = [line for section in sections for line in ("", *section)]
        above = comments_before(self.template, part.start) if part.value.style == "table" else ()
        header = [margins.header + line for line in (*above, f"[[{self._path(path, part.start)}]]")]
        return [*header, *lines, *below]

    def _parted(self, table: Object, margins: Margins) -> tuple[list[str], list[Part]]:
        own = (part for part in table.parts if self.is_line(part))
        lines = [line for part in own for line in self.pair((), part, margins.keys)]
        return lines, [part for part in table.parts if not self.is_line(part)]

    # --- between brackets

    def inline(self, part: Part) -> str:
        value = self.on_one_line(part.value)
        if not part.key:
            return value
        before = part.before if isinstance(part, DottedPart) else ()
        return f"{'.'.join((*before, spelled(self.template.text, part.start, part.key)))}{self._equals(part)}{value}"

    def lines(self, part: Part, margin: str) -> WrittenPart:
        above = comments_before(self.template, part.start)
        return WrittenPart(self.inline(part), above, comment_behind(self.template, part.value.end))

    def on_one_line(self, node: Node) -> str:
        """Return a value without a line of its own; what the template has over several lines, it keeps."""
        if isinstance(node, Scalar | Alias) or node.style in {"array", "inline"}:
            return self.newline.join(self.template.text[node.start : node.end].replace("\r\n", "\n").split("\n"))
        inner = ", ".join(self.inline(part) for part in node.parts)
        if isinstance(node, Array):
            return f"[{inner}]"
        return "{ " + inner + " }" if inner else "{}"


def equals(text: str, part: Part) -> str:
    """Return the equals sign between a key and its value, with the blanks around it."""
    before = text[part.start : part.body - 1]
    left = before[len(before.rstrip(" \t")) :]
    return f"{left}={text[part.body : part.value.start]}"


def sign_of(text: str, parts: Sequence[Part]) -> str:
    """Return the equals sign of the last of some parts, with the blanks around it; "" where it shows no style."""
    found = next((equals(text, part) for part in reversed(parts) if part.key and is_line(part)), "")
    return found if found in {"=", " = "} else ""  # what is aligned is aligned for its own sake


def spelled(text: str, at: int, key: str) -> str:
    """Return a key as it is spelled among those with dots between them at a place, or as TOML wants it."""
    opens = _OPENS.match(text, at)
    found = keys_at(text, opens.end() if opens else at)
    plain = key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
    return next((written for said, written in found if said == key), plain)
