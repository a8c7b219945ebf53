"""The two lines around a managed block: how to write them, and how to recognise them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.content import comments, markdown
from rollout.content.file_fault import FileFault
from rollout.model.files import Managed
from rollout.model.inventory import FormatName

ID = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_WORD = re.compile(r"\bID\b")  # the word for the id in `markers:`
_NAME = b"rollout:"
_BOM = b"\xef\xbb\xbf"
_BLANKS = r"[ \t]*"
_MAY_BE_CODE = re.compile(rb"```|~~~|^(?: {4}| {0,3}\t)", re.MULTILINE)


class MarkerError(FileFault):
    """The file's markers, or something else in it, leave no place for the block; a person has to correct the file."""


class MarkKind(StrEnum):
    """Which end of a block a marker is, in the word that it says."""

    BEGIN = "begin"
    END = "end"


class Spot(Struct, frozen=True):
    """The place of a managed block: the file, the block's id, and what the inventory says of its markers."""

    path: PurePosixPath
    block_id: str
    custom: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    script: comments.Comment | None = None  # what the first line says, if the name says nothing
    earlier: tuple[str, ...] = ()  # the markers that our last write has, if the inventory says others now
    format: FormatName | None = None  # if the inventory says of what format the file is

    @property
    def form(self) -> comments.Comment | None:
        return comments.of(self.path) or self.script


def spot_of(item: Managed) -> Spot:
    """Return the place of the block that a managed file has, or would have in mode `block`."""
    return Spot(item.path, item.block_id, item.rule.markers, item.rule.replaces, format=item.rule.format)


class Mark(Struct, frozen=True):
    """A line that is a marker; `number` counts from one; `start` and `end` are its bytes, including its line end."""

    kind: MarkKind
    name: str
    written: str  # the line without the id: two markers have one form if this is the same
    number: int
    start: int
    end: int


def fault_of(custom: tuple[str, ...]) -> str | None:
    """Say what is wrong with `markers:` of the inventory, or None."""
    if len(custom) != 2:
        return "takes two lines, the one that begins the block and the one that ends it"
    for text in custom:
        if "\n" in text or "\r" in text or "\0" in text:
            return f"{text!r} must be one line"
        if len(_WORD.findall(text)) != 1:
            return f"{text!r} must have the word ID once, where the block's id stands"
        if not _WORD.sub("", text).strip():
            return f"{text!r} must have more than the ID, or any line could be a marker"
    return "the two lines must differ" if custom[0].strip() == custom[1].strip() else None


def written(spot: Spot) -> tuple[str, str]:
    """Return the two lines of a block, without line ends; raise MarkerError if no form is known for the file."""
    if spot.custom:
        begin, end = (_WORD.sub(spot.block_id, text.strip()) for text in spot.custom)
        return begin, end
    form = spot.form
    if form is None and spot.path.suffix.lower() == ".json":
        raise MarkerError(
            "JSON has no comments for a block to stand between; say `mode: merge` under 'files', or where its program "
            'reads comments: markers: ["// rollout:begin ID", "// rollout:end ID"]'
        )
    if form is None:
        raise MarkerError(
            f"rollout does not know how to write a comment in a file named {spot.path.name!r}; say it under 'files': "
            'markers: ["# rollout:begin ID", "# rollout:end ID"]'
        )
    return form.around(f"rollout:begin {spot.block_id}"), form.around(f"rollout:end {spot.block_id}")


def form_of(spot: Spot) -> tuple[str, ...]:
    """Return the form of the two lines, without the id."""
    return written(replace(spot, block_id="ID"))


def marks(content: bytes, spot: Spot) -> Iterator[Mark]:
    """Yield the markers of all blocks of a file, in any known form; code in Markdown counts as text."""
    own = tuple(
        (kind, text.strip())
        for lines in (spot.custom, spot.earlier)
        for kind, text in zip(MarkKind, lines, strict=False)
    )
    index = at = 0
    for start, end in _lines_with(content, _words(own)):
        index, at = index + content.count(b"\n", at, start), start
        line = content[start:end].removesuffix(b"\n")
        found = _mark(line.removeprefix(_BOM) if start == 0 else line, own)
        if found is not None and index not in _code(content, spot.path):
            yield Mark(*found, index + 1, start, end)


@cache
def _words(own: _Forms) -> tuple[bytes, ...]:
    """Return words of which one stands in every marker; most files have few lines with them."""
    parts = (max(_WORD.sub(" ", text).split(), key=len, default="") for _, text in own)
    return tuple(dict.fromkeys((_NAME, *(part.encode() for part in parts))))


def _lines_with(content: bytes, words: Iterable[bytes]) -> list[tuple[int, int]]:
    """Return where the lines begin and end, line end included, that have one of these words."""
    found: set[tuple[int, int]] = set()
    for word in words:
        at = content.find(word)
        while 0 <= at < len(content):
            end = content.find(b"\n", at) + 1 or len(content)
            found.add((content.rfind(b"\n", 0, at) + 1, end))
            at = content.find(word, end)
    return sorted(found)


def would_be_code(content: bytes, span: tuple[int, int], path: PurePosixPath) -> bool:
    """Tell whether markers around whole lines of a file would be code of Markdown, and so text."""
    (start, end), marker = span, b"<!-- -->\n"
    inner = content[start:end].removesuffix(b"\n") + b"\n"
    marked = b"".join((content[:start], marker, inner, marker, content[end:]))
    first = content.count(b"\n", 0, start)
    return not {first, first + 1 + inner.count(b"\n")}.isdisjoint(_code(marked, path))


@lru_cache(maxsize=16)
def _code(content: bytes, path: PurePosixPath) -> frozenset[int]:
    if not markdown.is_markdown(path) or not _MAY_BE_CODE.search(content):
        return frozenset()
    found = markdown.outline(content.decode("utf-8", "replace"))
    return found.code if path.suffix.lower() == ".mdx" else found.code | found.indented  # MDX has no indented code


def _mark(line: bytes, own: _Forms) -> tuple[MarkKind, str, str] | None:
    """Return kind, id and form of a line that is a marker; if two forms match, the more specific one."""
    forms = (*own, *_KNOWN) if _NAME in line else own
    found = [(kind, match[1].decode(), text) for kind, text in forms if (match := _pattern(text).match(line))]
    return min(found, key=lambda one: len(one[1]), default=None)


@cache
def _pattern(text: str) -> re.Pattern[bytes]:
    """Return a pattern that finds a marker with any id; the number of blanks may differ, and `##` is as good as `#`."""
    before, after = _WORD.split(text)
    opening, *words = before.split() or [""]
    more = "+" if opening and (text in _ENDLESS) else ""
    parts = _BLANKS.join((re.escape(opening) + more, *map(re.escape, words)))
    gap = r"[ \t]+" if before[-1:].isspace() else ""
    ending = _BLANKS.join(map(re.escape, after.split()))
    return re.compile(rf"\A[ \t]*{parts}{gap}({ID}?){_BLANKS}{ending}\s*\Z".encode())


_Forms = tuple[tuple[MarkKind, str], ...]

_KNOWN: _Forms = tuple((kind, form.around(f"rollout:{kind} ID")) for form in comments.KNOWN for kind in MarkKind)
_ENDLESS = {form.around(f"rollout:{kind} ID") for form in comments.KNOWN if not form.closing for kind in MarkKind}
