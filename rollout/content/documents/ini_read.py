"""INI files, .editorconfig and setup.cfg, read to nodes that know their places."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from rollout.content.documents.document import Document, Object, Part, Scalar, Span, fault

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_SECTION = re.compile(r"[ \t]*\[(.*)\][ \t]*(?:[#;].*)?")
_PAIR = re.compile(r"([ \t]*)([^=:]+?)[ \t]*([=:])[ \t]*(.*?)[ \t]*")


def read(text: str) -> Document:
    """Return the document in an INI text: its first keys, and its sections as objects named `[name]`."""
    reader = _IniReader(text)
    for line in _LINE.finditer(text):
        reader.line(line.start(), line[0].rstrip("\r\n"))
    return Document(text, reader.root(), tuple(reader.comments))


class _OpenSection(Struct):
    """A section that is being read, and its last key, whose value may go on."""

    start: int
    end: int
    key: str
    parts: list[Part] = field(default_factory=list)


class _IniReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.comments: list[Span] = []
        self._sections = [_OpenSection(0, 0, "")]
        self._indent = 0

    def root(self) -> Object:
        first, *sections = self._sections
        below = [Part(s.start, Object(s.start, s.end, tuple(s.parts), "section"), s.key, s.end) for s in sections]
        return Object(0, first.end, (*first.parts, *below), "root")

    def line(self, at: int, line: str) -> None:
        bare = line.strip()
        indent = len(line) - len(line.lstrip())
        section = self._sections[-1]
        if not bare:
            return
        if bare[0] in "#;":
            self.comments.append((at + indent, at + len(line)))
        elif section.parts and indent > self._indent:
            self._goes_on(section, at + len(line.rstrip()))
        elif bare[0] == "[":
            self._begin(at, line)
        else:
            self._indent = indent
            section.parts.append(self._part(at, line))
            section.end = section.parts[-1].value.end

    def _begin(self, at: int, line: str) -> None:
        found = _SECTION.fullmatch(line)
        if not found:
            raise fault(self.text, at, f"a section is not closed: {line.strip()[:40]}")
        start = at + len(line) - len(line.lstrip())
        self._sections.append(_OpenSection(start, at + len(line.rstrip()), f"[{found[1].strip()}]"))
        self._indent = 0

    def _part(self, at: int, line: str) -> Part:
        found = _PAIR.fullmatch(line)
        if found is None:
            start = at + len(line) - len(line.lstrip())
            end = at + len(line.rstrip())
            return Part(start, Scalar(end, end, "null"), line.strip().lower(), end)
        value = Scalar(at + found.start(4), at + found.end(4), f"str {found[4]}")
        return Part(at + found.start(2), value, found[2].lower(), at + found.end(3))

    def _goes_on(self, section: _OpenSection, end: int) -> None:
        part = section.parts.pop()
        lines = self._without_comments(part.value.start, end)
        value = Scalar(part.value.start, end, "str " + "\n".join(lines))
        section.parts.append(Part(part.start, value, part.key, part.body))
        section.end = end

    def _without_comments(self, start: int, end: int) -> Iterator[str]:
        for line in self.text[start:end].split("\n"):
            if line.strip()[:1] not in {"#", ";"}:
                yield line.strip()
