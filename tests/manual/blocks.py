"""The blocks of a page: what is shown, with what the fence says of it, and what a comment adds for the test."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]
_BLOCK = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<language>[\w-]*) *(?P<info>[^\n]*)\n"
    r"(?P<text>.*?)^(?P=indent)(?P=fence) *$"
    r"|^<!-- test\n(?P<hidden>.*?)^-->$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'title="([^"]+)"')
_NO_RUN = re.compile(r"no-run(?:: *(.*))?")


@dataclass(frozen=True)
class Block:
    """One block; `title` is the file that it is, `no_run` why it is not tried."""

    page: Path
    line: int
    language: str
    text: str
    title: str | None = None
    no_run: str | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(TOP)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in their order; what a comment `<!-- test` holds is a block of shell, too."""
    text = page.read_text()
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["hidden"] is not None:
            yield Block(page, line, "sh", found["hidden"])
            continue
        title, no_run = _TITLE.search(found["info"]), _NO_RUN.match(found["info"])
        yield Block(
            page, line, found["language"], textwrap.dedent(found["text"]), title[1] if title else None,
            (no_run[1] or "") if no_run else None,
        )  # fmt: skip


def pages() -> list[Path]:
    """Return every page that a person reads."""
    found = sorted((TOP / "docs").rglob("*.md"))
    return [TOP / "README.md", TOP / "CONTRIBUTING.md", *found]
