"""Find lines of a template that lose their line end to a tag, so that the next line joins them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rollout.model.delimiters import Delimiters

_OPENING = {"if", "for", "with", "filter", "call", "macro", "block", "autoescape"}


def joined_lines(text: str, delimiters: Delimiters) -> Iterator[int]:
    """Yield each line that says something, begins and ends a block, and ends in that block's tag.

    As in Ansible's templates the line end behind a tag goes; people who write `key: {% if x %}a{% endif %}` do not
    expect that. Lines of tags alone, and tags that say `-` or `+` themselves, are meant.
    """
    start, end = map(re.escape, delimiters.marks.statement)
    tag = re.compile(rf"{start}[-+]?\s*(\w+).*?{end}")
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1]):
        here = line.removesuffix("\r")
        names = [found[1] for found in tag.finditer(here)]
        ends = here.endswith(delimiters.marks.statement[1]) and here[-3:-2] not in {"-", "+"}
        if ends and _whole(names) and tag.sub("", here).strip() and _says_more(lines[number + 1 :]):
            yield number + 1


def _whole(names: list[str]) -> bool:
    """Tell whether tags begin and end blocks of their own, and nothing else."""
    depth = 0
    for name in names:
        depth += (name in _OPENING) - (name.startswith("end") and name[3:] in _OPENING)
        if depth < 0:
            return False
    return bool(names) and names[-1].startswith("end") and depth == 0


def _says_more(lines: list[str]) -> bool:
    """Tell whether a line that would join another one says something; a blank line only goes."""
    return bool(lines[0].strip())
