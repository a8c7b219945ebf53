"""A file that is merged: its format, and the document in it."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.content.documents import formats
from rollout.content.documents.document import Document, Format, Unmergeable
from rollout.content.documents.match import Match
from rollout.model.inventory import FormatName

BOM = "\ufeff"
_MAX_BYTES = 32 * 1024 * 1024
_LONE_CR = re.compile(rb"\r(?!\r*\n)")


class MergedFile(Struct, frozen=True):
    """A merged path: its format, how entries of its lists are matched, and what to call its template."""

    path: PurePosixPath
    format: FormatName | None
    match: Match = Match()
    told: str = "the template"

    @property
    def form(self) -> Format:
        assert self.format is not None
        return formats.named(self.format, self.path)

    def read(self, content: bytes) -> Document:
        """Return the document in a file; raise Unmergeable, with the path and the line, if it does not parse."""
        try:
            return self._read(content)
        except Unmergeable as error:
            raise Unmergeable(error.flaw.what, self.path, line=error.flaw.line) from error

    def nothing(self, content: bytes) -> str | None:
        """Say why a text is no document, as an empty one is none in JSON; None if it is one, or does not parse."""
        if self.format not in {FormatName.JSON, FormatName.JSONC}:
            return None  # in the other formats a text without a key is a document
        with suppress(Unmergeable):
            if self._read(content).root.style == "missing":
                return "holds no value, and so is no JSON; {} is the least that it can hold"
        return None

    def template(self, content: bytes) -> Document:
        """Return the document in a template; raise Unmergeable, which names the template, if it does not parse."""
        try:
            return self._read(content)
        except Unmergeable as error:
            raise Unmergeable(f"{self.told}: {error.what}", self.path) from error

    def _read(self, content: bytes) -> Document:
        if self.format is None:
            raise Unmergeable(formats.UNKNOWN)
        if self.format not in {FormatName.JSON, FormatName.JSONC}:
            _refuse_lone_cr(content)
        return document_in(content, self.form)


@lru_cache(maxsize=32)
def document_in(content: bytes, form: Format) -> Document:
    if len(content) > _MAX_BYTES:
        raise Unmergeable("is larger than 32 MiB", line=1)
    return form.read(_text(content).removeprefix(BOM))


@lru_cache(maxsize=32)
def _refuse_lone_cr(content: bytes) -> None:
    """Raise Unmergeable where a line ends with a CR alone, which the editors do not know; JSON's lines mean nothing."""
    found = _LONE_CR.search(content)
    if found is not None:
        line = content.count(b"\n", 0, found.start()) + 1
        raise Unmergeable("ends with a CR alone, which merge cannot write; end every line with LF or CRLF", line=line)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unmergeable("is not UTF-8; save it as UTF-8", line=line) from error
