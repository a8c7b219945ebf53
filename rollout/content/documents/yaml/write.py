"""Write parts of a YAML template as text: spelled as in the template, indented as in the document."""

from __future__ import annotations

import json
import re

from msgspec import Struct

from rollout.content.documents.comments_below import column_below, lines_below
from rollout.content.documents.delimited import WrittenPart
from rollout.content.documents.document import Alias, Array, Document, InTemplate, Node, Object, Part, Scalar, fault
from rollout.content.documents.lines import column as column_of
from rollout.content.documents.lines import line_end
from rollout.content.documents.template_text import comment_behind, comments_before
from rollout.content.documents.yaml.style import Style

PROPERTIES = re.compile(r"[ \t]*(?:[&!][^\s,\[\]{}]*[ \t]*)*")
UNSAFE = re.compile(r"[,:\[\]{}\n]| #|^[-?] ")
_INDICATOR = re.compile(r"[|>][-+]?([1-9])")
_CHOMPS = re.compile(r"(?:^|(?<=[ \t]))([|>][1-9]?)([-+]?)([1-9]?)")


class Value(Struct, frozen=True):
    """A value as text: the part on the line of its key or dash, and the lines below it."""

    head: str
    below: tuple[str, ...] = ()
    ends_line: bool = False  # it needs the line end behind it
    keeps: bool = False  # blank lines behind it are part of it


class YamlWriter(Struct):
    """Writes parts of a template in the style of a document."""

    template: Document
    style: Style
    unit: str = "  "
    spread: bool = False
    gap: str = ", "

    # --- in blocks

    def member(self, part: Part, column: int) -> list[str]:
        """Return the lines of a member of a block mapping."""
        value = self.value(part, column)
        above = [" " * column + comment for comment in comments_before(self.template, part.start)]
        return [*above, " " * column + self.key(part) + value.head, *value.below]

    def entry(self, part: Part, column: int, gap: str) -> list[str]:
        """Return the lines of an entry of a block sequence, with its dash."""
        above = [" " * column + comment for comment in comments_before(self.template, part.start)]
        node, inside = part.value, column + 1 + len(gap)
        dash = " " * column + "-" + gap
        if isinstance(node, Object | Array) and node.style == "block" and not self._properties(node):
            lines = self._children(node, inside, column)
            return [*above, dash + lines[0].lstrip(" "), *lines[1:]]
        value = self.value(part, column)
        return [*above, (dash + value.head.lstrip(" ")).rstrip(" "), *value.below]

    def key(self, part: Part) -> str:
        name = self.template.text[part.start : part.body] or self.template.text[part.start : part.value.start]
        if "\n" in name:
            raise InTemplate(fault(self.template.text, part.start, "a key over several lines").what)
        if not name.endswith(":"):
            return name.rstrip(": ") + ":"
        spelled = self.style.colon is None or name.startswith("*")  # the name of an alias may end with a colon
        return name if spelled else name[:-1].rstrip(" \t") + " " * (self.style.colon or 0) + ":"

    def value(self, part: Part, column: int, *, noted: bool = True) -> Value:
        """Return a value below a key or a dash in a column; its head begins with the separator from them.

        The comment behind it is left out unless it is to be `noted`.
        """
        node, text = part.value, self.template.text
        behind = comment_behind(self.template, node.end) if noted else ""
        if isinstance(node, Object | Array) and node.style == "block":
            return self._block(part, node, column, noted=noted)
        raw = text[node.start : node.end]
        if isinstance(node, Scalar) and node.style in {"|", ">"}:
            return self._block_scalar(part, node, column, noted=noted)
        first, *more = raw.split("\n")
        inside = column + self.style.indent
        head = self._gap(part) + first.rstrip("\r") if raw else ""
        below = tuple(_indented([line.rstrip("\r") for line in more], inside))
        if behind and below:
            below = (*below[:-1], f"{below[-1]} {behind}")
        elif behind:
            head += self._before_comment(node.end) + behind
        return Value(head, below)

    def _gap(self, part: Part) -> str:
        between = self.template.text[part.body : part.value.start]
        return between if between and not between.strip(" ") else " "

    def _before_comment(self, end: int) -> str:
        text = self.template.text
        spaces = len(text[end : line_end(text, end)]) - len(text[end : line_end(text, end)].lstrip(" "))
        return " " * max(spaces, 1)

    def _block(self, part: Part, node: Object | Array, column: int, *, noted: bool) -> Value:
        if not node.parts:
            return Value("")
        properties = self._properties(node)
        behind = comment_behind(self.template, part.body) if noted and not properties else ""
        head = (f" {properties}" if properties else "") + (f" {behind}" if behind else "")
        inside = column + (self.style.indent if isinstance(node, Object) else self.style.offset)
        if not part.key and inside == column:
            inside += 2
        return Value(head, tuple(self._children(node, inside, column)))

    def _properties(self, node: Object | Array) -> str:
        found = PROPERTIES.match(self.template.text, node.start)
        return found[0].rstrip() if found and node.start != node.parts[0].start else ""

    def _children(self, node: Object | Array, column: int, outside: int) -> list[str]:
        below = self.below(node, column, outside)
        if isinstance(node, Object):
            return [*(line for part in node.parts for line in self.member(part, column)), *below]
        gap = " " * self.style.gap
        return [*(line for part in node.parts for line in self.entry(part, column, gap)), *below]

    def below(self, node: Node, column: int, outside: int) -> list[str]:
        """Return the comments below all that is in a block."""
        return [" " * column_below(column, outside) + line for line in lines_below(self.template, node)]

    def _block_scalar(self, part: Part, node: Scalar, column: int, *, noted: bool) -> Value:
        text = self.template.text
        header, *content = [line.rstrip("\r") for line in text[node.start : node.end].split("\n")]
        header = header.rstrip(" \t")
        ends = len(node.meaning) - len(node.meaning.rstrip("\n"))
        header = _chomped(header, ends) if content else header
        header = header if noted else header.partition(" #")[0].rstrip(" ")
        told = _INDICATOR.search(header.split("#")[0])
        old = column_of(text, part.start) + int(told[1]) if told else _margin_of(content)
        inside = " " * (column + (int(told[1]) if told else self.style.indent))
        below = tuple(inside + line[old:] if line[old:] else "" for line in content)
        return Value(self._gap(part) + header, below, ends_line=ends > 0, keeps=ends > 1)

    # --- between brackets

    def inline(self, part: Part) -> str:
        """Return a part on one line, as it is written between brackets."""
        if not part.key:
            return self.on_one_line(part.value)
        return f"{self.key(part)} {self.on_one_line(part.value)}"

    def lines(self, part: Part, margin: str) -> WrittenPart:
        return WrittenPart(self.inline(part))

    def on_one_line(self, node: Node) -> str:
        """Return a value as it may be written between brackets."""
        raw = self.template.text[node.start : node.end]
        match node:
            case Alias():
                return raw
            case Scalar(style=style):
                unsafe = not style and node.meaning.startswith("str ") and UNSAFE.search(raw)
                if "\n" in raw or style in {"|", ">"} or unsafe:
                    return json.dumps(node.meaning.partition(" ")[2], ensure_ascii=False)
                return raw or "null"
        if node.style == "flow" and "\n" not in raw:
            return raw
        opening, closing = "{}" if isinstance(node, Object) else "[]"
        return opening + ", ".join(self.inline(part) for part in node.parts) + closing


def _chomped(header: str, ends: int) -> str:
    """Return the first line of a text so that it says how many line ends it has, whatever follows it."""
    head, hash_sign, comment = header.partition(" #")
    return header if ends > 1 else _CHOMPS.sub(r"\1\3" if ends else r"\1\3-", head, count=1) + hash_sign + comment


def _indented(lines: list[str], column: int) -> list[str]:
    """Return lines shifted so that the leftmost one begins in a column."""
    old = _margin_of(lines)
    return [" " * column + line[old:] if line.strip() else "" for line in lines]


def _margin_of(lines: list[str]) -> int:
    return min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
