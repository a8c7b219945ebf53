"""INI files, .editorconfig and setup.cfg, read to nodes that know their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import assert_never

from msgspec import Struct, field

from rollout.content.documents.document import Document, Object, Part, Scalar, Span, fault, nodes, repeated
from rollout.content.documents.ini.dialect import Dialect, GoesOn

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_SECTION = re.compile(r"[ \t]*\[(.*)\][ \t]*(?:[#;].*)?")
_HEADED = re.compile(r'[ \t]*\[([^\]"]+(?:"(?:[^"\\]|\\.)*")?)\][ \t]*(?:[#;].*|(?=[A-Za-z]))')  # git's


class IniSection(Object, frozen=True):
    """A section; where one may stand again, all of it: where each begins and ends, and the keys that do not count."""

    spans: tuple[Span, ...] = ()
    hidden: tuple[Part, ...] = ()


def read(text: str, dialect: Dialect) -> Document:
    """Return the document in an INI text: its first keys, and its sections as objects named `[name]`."""
    reader = _IniReader(text, dialect)
    for line in _LINE.finditer(text):
        reader.line(line.start(), line[0].rstrip("\r\n"))
    root = reader.root()
    return Document(text, root, tuple(reader.comments), lists=frozenset(_lists(root, dialect)))


def _lists(root: Object, dialect: Dialect) -> Iterator[str]:
    twice = (key for node in nodes(root) for key in repeated(node))
    return (key for key in twice if dialect.is_list(key))


class _OpenSection(Struct):
    """A section that is being read, and its last key, whose value may go on."""

    start: int
    end: int
    key: str
    parts: list[Part] = field(default_factory=list)


class _IniReader:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self.text = text
        self.comments: list[Span] = []
        self._dialect = dialect
        marks = re.escape(dialect.delimiters)
        self._pair = re.compile(rf"[ \t]*([^{marks}]+?)[ \t]*([{marks}])[ \t]*(.*)")
        self._sections = [_OpenSection(0, 0, "")]
        self._indent = 0
        self._backslash = False  # the line before ends in one
        self._quoted = False  # and quotes are open there

    def root(self) -> Object:
        first, *sections = self._sections
        joined: dict[str | int, list[_OpenSection]] = {}
        for number, section in enumerate(sections):
            joined.setdefault(section.key if self._dialect.joins else number, []).append(section)
        below = [_section(every, self._dialect) for every in joined.values()]
        counting, _ = _counting(first.parts, self._dialect)
        return Object(0, first.end, (*counting, *below), "root")

    def line(self, at: int, line: str) -> None:
        bare = line.strip()
        section = self._sections[-1]
        if not bare:
            self._backslash = self._quoted = False
        elif bare[0] in "#;" and not self._quoted:
            self._backslash = self._backslash and not self._dialect.comments_end
            self.comments.append((at + len(line) - len(line.lstrip()), at + len(line)))
        elif section.parts and self._goes_on(line):
            self._longer(section, at, line)
        elif bare[0] == "[":
            self._begin(at, line)
        else:
            self._indent = len(line) - len(line.lstrip())
            self._add(at, line.rstrip())

    def _goes_on(self, line: str) -> bool:
        """Tell whether the value of the last key goes on in a line."""
        match self._dialect.goes_on:
            case GoesOn.INDENTED:
                return len(line) - len(line.lstrip()) > self._indent
            case GoesOn.BACKSLASH:
                return self._backslash
            case GoesOn.NEVER:
                return False
            case never:
                assert_never(never)

    def _begin(self, at: int, line: str) -> None:
        found = (_HEADED.match(line) if self._dialect.headed else None) or _SECTION.fullmatch(line)
        if not found:
            what = "a section is not closed, or a key stands behind it on its line"
            raise fault(self.text, at, f"{what}: {line.strip()[:40]}")
        start = at + len(line) - len(line.lstrip())
        key = f"[{self._dialect.section(found[1].strip())}]"
        self._sections.append(_OpenSection(start, at + len(line.rstrip()), key))
        self._indent, self._backslash, self._quoted = 0, False, False
        if found.end() < len(line):
            self._add(at + found.end(), line[found.end() :].rstrip())

    def _add(self, at: int, line: str) -> None:
        section = self._sections[-1]
        section.parts.append(self._part(at, line))
        section.end = section.parts[-1].value.end

    def _part(self, at: int, line: str) -> Part:
        found = self._pair.fullmatch(line)
        if found is None:
            start = at + len(line) - len(line.lstrip())
            end = self._ended(start, line.strip())
            return Part(start, Scalar(end, end, "null"), self._dialect.key(self.text[start:end]), end)
        body, start = at + found.end(2), at + found.start(3)
        end = self._ended(start, found[3])
        if found[3] and end == start:  # there is only a comment
            start = end = body
        value = Scalar(start, end, f"str {self.text[start:end]}")
        return Part(at + found.start(1), value, self._dialect.key(found[1]), body)

    def _ended(self, at: int, written: str) -> int:
        """Return where a text ends that begins at a place, before the comment behind it."""
        length, self._quoted = self._dialect.length(written, quoted=self._quoted)
        if length < len(written):
            self.comments.append((at + length, at + len(written)))
        value = written[:length].rstrip(" \t")
        self._backslash = length == len(written) and (len(value) - len(value.rstrip("\\"))) % 2 == 1
        self._quoted = self._quoted and self._backslash
        return at + len(value)

    def _longer(self, section: _OpenSection, at: int, line: str) -> None:
        """Let the value of a section's last key go on to the end of a line."""
        part = section.parts.pop()
        end = self._ended(at + len(line) - len(line.lstrip()), line.strip())
        lines = self._without_comments(part.value.start, end)
        value = Scalar(part.value.start, end, "str " + "\n".join(lines))
        section.parts.append(Part(part.start, value, part.key, part.body))
        section.end = end

    def _without_comments(self, start: int, end: int) -> Iterator[str]:
        quoted = False
        for line in self.text[start:end].split("\n"):
            said = line.rstrip("\r") if quoted else line.strip()
            if quoted or said[:1] not in {"#", ";"}:
                length, quoted = self._dialect.length(said, quoted=quoted)
                yield said[:length].rstrip()


def _section(every: Sequence[_OpenSection], dialect: Dialect) -> Part:
    """Return a section from all places where it stands; new keys go behind those of the last one."""
    last, spans = every[-1], tuple((one.start, one.end) for one in every)
    counting, hidden = _counting([part for one in every for part in one.parts], dialect)
    return Part(
        every[0].start,
        IniSection(last.start, last.end, counting, "section", None, spans, hidden),
        last.key,
        every[0].end,
    )


def _counting(parts: Sequence[Part], dialect: Dialect) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return the keys that count, and those that a later one of their name hides."""
    last = {part.key: part for part in parts}
    hidden = tuple(part for part in parts if dialect.hides(part.key) and last[part.key] is not part)
    return tuple(part for part in parts if part not in hidden), hidden
