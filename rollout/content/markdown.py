"""Read the lines of a Markdown text as CommonMark does: which are code, and which are headings."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from msgspec import Struct, field

_SUFFIXES = {".md", ".markdown", ".mdown", ".mkd", ".mdx", ".mdc", ".qmd", ".rmd"}
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ ]+(.*?))??(?:[ ]+#+)?[ ]*\Z")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ ]*\Z")
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})(.*)\Z")
_RULE = re.compile(r" {0,3}(?:(?:\*[ ]*){3,}|(?:-[ ]*){3,}|(?:_[ ]*){3,})\Z")
_ITEM = re.compile(r"( {0,3})([-+*]|\d{1,9}[.)])( *)(.*)\Z")
_QUOTATION = re.compile(r" {0,3}> ?")

_BLOCK_TAGS = (
    "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|"
    "fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|"
    "menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|"
    "track|ul"
)

_ATTRIBUTE = r"""\s+[A-Za-z_:][\w.:-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?"""
# How a block of HTML begins, and what its last line contains; if that is empty, the block ends at a blank line.
_HTML = (
    (re.compile(r" {0,3}<(?:script|pre|style|textarea)(?:[\s>]|\Z)", re.I),
     re.compile(r"</(?:script|pre|style|textarea)>", re.I)),
    (re.compile(r" {0,3}<!--"), re.compile(r"-->")),
    (re.compile(r" {0,3}<\?"), re.compile(r"\?>")),
    (re.compile(r" {0,3}<![A-Za-z]"), re.compile(r">")),
    (re.compile(r" {0,3}<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(rf" {{0,3}}</?(?:{_BLOCK_TAGS})(?:\s|/?>|\Z)", re.I), None),
    (re.compile(rf" {{0,3}}(?:<[A-Za-z][\w-]*(?:{_ATTRIBUTE})*\s*/?>|</[A-Za-z][\w-]*\s*>)\s*\Z"), None),
)  # fmt: skip

_ALONE = _HTML[-1]  # any other tag begins a block only where no paragraph is open


class Heading(Struct, frozen=True):
    """A heading outside of quotations and lists; `start` is its first line, `end` one past its last."""

    level: int
    text: str
    start: int
    end: int


class Outline(Struct, frozen=True):
    """The code and the headings of a text, by line, counted from zero."""

    code: frozenset[int]  # lines of fences, including those that open and close them
    headings: tuple[Heading, ...]
    indented: frozenset[int] = frozenset()  # lines of code that four blanks make


def is_markdown(path: PurePosixPath) -> bool:
    return path.suffix.lower() in _SUFFIXES


def outline(text: str) -> Outline:
    """Return the code and the headings of a text."""
    reader = _Reading()
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n")):
        reader.take(number, line.removesuffix("\r").expandtabs(4))
    return Outline(frozenset(reader.code), tuple(reader.headings), frozenset(reader.indented))


def heading(line: str) -> tuple[int, str] | None:
    """Return the level and the text of a line that is an ATX heading."""
    found = _ATX.match(line)
    return (len(found[1]), spaced(found[2] or "")) if found else None


def spaced(text: str) -> str:
    """Return a text with one blank for each run of blanks and line ends."""
    return " ".join(text.split())


class _Fence(Struct, frozen=True):
    mark: str
    depth: int

    def closed_by(self, line: str) -> bool:
        found = _FENCE.match(line)
        return found is not None and found[2].startswith(self.mark) and not found[3].strip()


class _Html(Struct, frozen=True):
    ending: re.Pattern[str] | None
    depth: int

    def closed_by(self, line: str) -> bool:
        return not line.strip() if self.ending is None else self.ending.search(line) is not None


class _Reading(Struct):
    """The state of the reader: the open containers, and the block in the innermost one.

    A container is the number of blanks that the lines of a list item begin with, or 0 for a quotation.
    """

    code: set[int] = field(default_factory=set)
    indented: set[int] = field(default_factory=set)
    headings: list[Heading] = field(default_factory=list)
    containers: list[int] = field(default_factory=list)
    leaf: _Fence | _Html | None = None
    paragraph: list[str] = field(default_factory=list)  # the lines of the paragraph that is open
    began: int = 0
    bare: bool = False  # the innermost list item has only its marker so far

    def take(self, number: int, line: str) -> None:
        depth, rest = self._continued(line)
        if self.leaf is not None and self.leaf.depth > depth:
            self.leaf = None
        if isinstance(self.leaf, _Fence):
            self.code.add(number)
        if self.leaf is not None:
            if self.leaf.closed_by(rest):
                self.leaf = None
            return
        open_here = self.paragraph if depth == len(self.containers) else []
        inner, rest = self._opened(depth, rest, bool(open_here))
        if inner is not None:
            self._end_paragraph(inner)
            open_here = []
        self._leaf(number, rest, depth, in_paragraph=bool(open_here), entered=inner is not None)

    def _continued(self, line: str) -> tuple[int, str]:
        """Return how many of the open containers a line continues, and the rest of the line."""
        for depth, indent in enumerate(self.containers):
            if indent == 0:
                found = _QUOTATION.match(line)
                if found is None:
                    return depth, line
                line = line[found.end() :]
            elif not line.strip():
                if self.bare and depth == len(self.containers) - 1:
                    return depth, line
            elif line.startswith(" " * indent):
                line = line[indent:]
            else:
                return depth, line
        return len(self.containers), line

    def _opened(self, depth: int, rest: str, in_paragraph: bool) -> tuple[list[int] | None, str]:
        """Return the containers after a line opened new ones (None if it opens none), and the rest of the line."""
        found = self.containers[:depth]
        while True:
            quotation = _QUOTATION.match(rest)
            item = None if quotation or _RULE.match(rest) else _ITEM.match(rest)
            if quotation is not None:
                found.append(0)
                rest = rest[quotation.end() :]
            elif item is not None and _begins_item(item, in_paragraph and len(found) == depth):
                found.append(_indent(item))
                rest = rest[found[-1] :]
                self.bare = not rest.strip()
            else:
                return (found if len(found) > depth else None), rest

    def _leaf(self, number: int, rest: str, depth: int, *, in_paragraph: bool, entered: bool) -> None:
        here = len(self.containers) if entered else depth
        if not rest.strip():
            bare = self.bare and entered
            self._end_paragraph(self.containers[:here])
            self.bare = bare
            return
        self.bare = False
        if self._begins(number, rest, here, in_paragraph=in_paragraph):
            return
        if self.paragraph:  # it continues even where the markers of its containers are left out
            self.paragraph.append(rest)
        else:
            self.containers = self.containers[:here]
            if rest.startswith("    "):
                self.indented.add(number)
            else:
                self.paragraph, self.began = [rest], number

    def _begins(self, number: int, rest: str, here: int, *, in_paragraph: bool) -> bool:
        """Tell whether a line is a block of its own or turns a paragraph into a heading, and record it."""
        underline = _SETEXT.match(rest) if in_paragraph else None
        if underline is not None:
            self._heading(1 if "=" in underline[1] else 2, "\n".join(self.paragraph), self.began, number + 1)
            self._end_paragraph(self.containers[:here])
            return True
        atx = heading(rest)
        if atx is not None:
            self._end_paragraph(self.containers[:here])
            self._heading(*atx, number, number + 1)
            return True
        if _RULE.match(rest):
            self._end_paragraph(self.containers[:here])
            return True
        return self._begins_leaf(number, rest, here)

    def _begins_leaf(self, number: int, rest: str, here: int) -> bool:
        fence = _FENCE.match(rest)
        if fence is not None and not (fence[2][0] == "`" and "`" in fence[3]):
            self._end_paragraph(self.containers[:here])
            self.leaf = _Fence(fence[2], here)
            self.code.add(number)
            return True
        for form in _HTML:
            if form[0].match(rest) and not (form is _ALONE and self.paragraph):
                self._end_paragraph(self.containers[:here])
                leaf = _Html(form[1], here)
                self.leaf = None if leaf.closed_by(rest) else leaf
                return True
        return False

    def _heading(self, level: int, text: str, start: int, end: int) -> None:
        if not self.containers:
            self.headings.append(Heading(level, spaced(text), start, end))

    def _end_paragraph(self, containers: list[int]) -> None:
        self.containers = containers
        self.paragraph = []


def _begins_item(item: re.Match[str], in_paragraph: bool) -> bool:
    """Tell whether an apparent list marker is one; few of them may interrupt a paragraph."""
    if item[4] and not item[3]:
        return False
    return not in_paragraph or (bool(item[4]) and (item[2] in "-+*" or item[2][:-1] == "1"))


def _indent(item: re.Match[str]) -> int:
    """Return how many blanks the lines of a list item begin with."""
    before = len(item[1]) + len(item[2])
    return before + (len(item[3]) if item[4] and 1 <= len(item[3]) <= 4 else 1)
