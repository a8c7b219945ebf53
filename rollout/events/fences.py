"""The fenced blocks of a document that can be executed, as CommonMark finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LANGUAGES = ("bash", "sh", "sql")
_LINE_END = re.compile(r"\r\n?|\n")
NO_RUN = re.compile(r"(?:^|\s)no-run(?=[\s:]|$)\s*:?\s*(?P<reason>.*)")
# A fence may be in a quotation or a list, whose markers come before it.
OPENING = re.compile(r"(?P<before>(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<fence>`{3,}|~{3,})(?P<info>.*)")


@dataclass(frozen=True, slots=True)
class FencedBlock:
    """A block tagged `bash`, `sh` or `sql`; `line` is that of its fence."""

    line: int
    language: str
    text: str
    no_run: str | None = None  # the reason, which may be missing
    closed: bool = True


def blocks(text: str) -> tuple[FencedBlock, ...]:
    """Return the blocks in their order, those that say `no-run` too."""
    return tuple(_blocks(_LINE_END.split(text.removesuffix("\n"))))


def _blocks(lines: Sequence[str]) -> Iterator[FencedBlock]:
    at = 0
    while at < len(lines):
        opening = _opening(lines[at])
        if opening is None:
            at += 1
            continue
        end = _end(lines, at + 1, opening["fence"])
        language, _, rest = opening["info"].strip().partition(" ")
        if language.lower() in LANGUAGES:
            body = [_unprefixed(line, opening["before"]) for line in lines[at + 1 : end]]
            no_run = NO_RUN.search(rest)
            yield FencedBlock(
                line=at + 1,
                language=language.lower(),
                text="".join(line + "\n" for line in body),
                no_run=no_run["reason"].strip() if no_run else None,
                closed=end < len(lines),
            )
        at = end + 1


def _opening(line: str) -> re.Match[str] | None:
    found = OPENING.fullmatch(line)
    if found and found["fence"].startswith("`") and "`" in found["info"]:
        return None  # that is code within a line
    return found


def _end(lines: Sequence[str], start: int, fence: str) -> int:
    """Return the line of the closing fence (at least as long, nothing after it), else one past the last line."""
    closing = re.compile(rf"[ \t>]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*")
    return next((at for at in range(start, len(lines)) if closing.fullmatch(lines[at])), len(lines))


def _unprefixed(line: str, before: str) -> str:
    """Remove what precedes the fence: quotation marks, then at most as many blanks as the fence has."""
    for _ in range(before.count(">")):
        line = re.sub(r"^[ \t]*> ?", "", line, count=1)
    indent = len(before.rpartition(">")[2].removeprefix(" " if ">" in before else ""))
    blanks = len(line) - len(line.lstrip(" \t"))
    return line[min(blanks, indent) :]
