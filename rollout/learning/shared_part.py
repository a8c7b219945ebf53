"""Find the common part of files that otherwise belong to each repository: it becomes a block."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.content import blocks
from rollout.content.markers import MarkerError, Spot
from rollout.learning.pieces import lines_of

_LEAST_LINES, _LEAST_CHARACTERS = 3, 60
_LOOKED_AT = 12  # texts to compare line by line; in the others we only search for the part
_LARGEST = 3000  # lines
_HEADING = re.compile(r"#{1,6}\s")
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")
_MARKDOWN = {".md", ".mdx", ".mdc", ".markdown"}

# Files with independent lines or tables, so that an unindented comment may be between any two.
_SETTINGS = re.compile(
    r"(?:\.(?:[a-z]*ignore|gitattributes|editorconfig|npmrc|env(?:\.\w+)?|flake8|pylintrc)|codeowners|makefile"
    r"|.*\.(?:toml|cfg|ini|ya?ml|conf|mk|properties)|requirements.*\.txt)\Z",
    re.IGNORECASE,
)


class SharedPart(Struct, frozen=True):
    """Lines that occur in several files, once and whole."""

    text: str
    repositories: tuple[str, ...]

    @property
    def weight(self) -> int:
        return len(self.text) * (len(self.repositories) - 1)


def shared_part(path: PurePosixPath, texts: Mapping[str, str]) -> SharedPart | None:
    """Return the largest common part of files that a block could take over, or None."""
    markdown = path.suffix.lower() in _MARKDOWN
    if not markdown and not _SETTINGS.fullmatch(path.name):
        return None
    found = (_with_all(text, path, texts) for text in _candidates(texts, markdown=markdown))
    good = [part for part in found if len(part.repositories) > 1]
    return max(good, key=lambda part: part.weight, default=None)


def _with_all(text: str, path: PurePosixPath, texts: Mapping[str, str]) -> SharedPart:
    return SharedPart(text, tuple(name for name, whole in texts.items() if _can_be_block(whole, text, path)))


def _can_be_block(whole: str, part: str, path: PurePosixPath) -> bool:
    """Tell whether a part occurs in a file once and could get markers there without any other change."""
    spot, content = Spot(path, "part"), whole.encode()
    try:
        place = blocks.without_markers(content, part.encode(), spot)
        if place is None or not _may_be_marked(content, place, path):
            return False
        marked = blocks.splice(content, b"something else\n", spot, last=part.encode())
        return blocks.find(marked, spot)["part"].begin.start == place[0]
    except MarkerError:
        return False


def _may_be_marked(content: bytes, place: tuple[int, int], path: PurePosixPath) -> bool:
    """Tell whether a comment may come before and behind a part: in indented text it would be part of that text."""
    if path.suffix.lower() in _MARKDOWN:
        return {content[:at].count(b"\n") for at in place} <= _breaks(lines_of(content.decode()))
    after = content[place[1] :]
    return not after[:1].strip(b"\r\n") or not after[:1].isspace()


def _candidates(texts: Mapping[str, str], *, markdown: bool) -> Iterable[str]:
    split = [
        lines for text in list(dict.fromkeys(texts.values()))[:_LOOKED_AT] if len(lines := lines_of(text)) < _LARGEST
    ]
    found: dict[str, None] = {}
    for base in split:
        runs = [list(_runs(base, other, markdown=markdown)) for other in split if other is not base]
        starts = sorted({start for run in runs for start, _ in run})
        ends = sorted({end for run in runs for _, end in run})
        for start in starts:
            for end in ends:
                if end > start and any(one <= start and end <= two for run in runs for one, two in run):
                    text = _tidied(base[start:end], markdown=markdown)
                    if text:
                        found[text] = None
    return sorted(found, key=len, reverse=True)[:200]


def _runs(base: Sequence[str], other: Sequence[str], *, markdown: bool) -> Iterator[tuple[int, int]]:
    """Yield where lines are the same; in Markdown from one place to another where a comment cuts nothing in two."""
    breaks, others = (_breaks(base), _breaks(other)) if markdown else (set[int](), set[int]())
    for at, there, size in SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks():
        edges = range(at, at + size + 1)
        places = [n for n in edges if n in breaks and n - at + there in others] if markdown else edges
        if places and places[-1] - places[0] >= _LEAST_LINES:
            yield places[0], places[-1]


def _breaks(lines: Sequence[str]) -> set[int]:
    """Return the numbers of the lines of Markdown before which a comment cuts no paragraph, list or code in two."""
    code = _code(lines)
    found, above = {0, len(lines)}, ""  # the last line that is not blank
    below = [*lines]  # and the next one
    for number in reversed(range(len(lines) - 1)):
        below[number] = lines[number] if lines[number].strip() else below[number + 1]
    for number, line in enumerate(lines):
        apart = number == 0 or not line.strip() or not lines[number - 1].strip() or bool(_HEADING.match(line))
        inside = below[number][:1].isspace() and below[number].strip() != ""
        listed = bool(_ITEM.match(below[number])) and (bool(_ITEM.match(above)) or above[:1].isspace())
        if apart and not inside and not listed and not {number - 1, number} <= code:
            found.add(number)
        above = line if line.strip() else above
    return found


def _code(lines: Sequence[str]) -> set[int]:
    """Return the numbers of the lines of Markdown that stand in fences, or are fences."""
    fences = [number for number, line in enumerate(lines) if _FENCE.match(line)]
    return {n for one, two in zip(fences[::2], fences[1::2], strict=False) for n in range(one, two + 1)}


def _tidied(lines: Sequence[str], *, markdown: bool) -> str:
    """Return lines without incomplete parts at their edges; nothing if too little is left."""
    kept = list(lines)
    if markdown:
        kept = _whole_sections(kept)
    elif any(line.count('"""') % 2 or line.count("'''") % 2 for line in kept):
        return ""
    else:
        kept = _closed(kept)
    while kept and not kept[0].strip():
        kept.pop(0)
    while kept and not kept[-1].strip():
        kept.pop()
    said = [line for line in kept if line.strip()]
    if len(said) < _LEAST_LINES or sum(map(len, said)) < _LEAST_CHARACTERS:
        return ""
    if kept[0][:1].isspace():
        return ""
    text = "".join(kept)
    return text if text.endswith("\n") else text + "\n"


_SAID = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|(?:\A|\s)[#;].*")


def _closed(lines: list[str]) -> list[str]:
    """Return lines without what ends a list or a table from above them, and what begins one that ends below."""
    depths = [0]
    for line in lines:
        bare = _SAID.sub("", line)
        depths.append(depths[-1] + sum(map(bare.count, "[{(")) - sum(map(bare.count, "]})")))
    lowest = min(depths)
    start = depths.index(lowest) if lowest < 0 else 0
    end = max(number for number, depth in enumerate(depths) if number >= start and depth == depths[start])
    return lines[start:end]


def _whole_sections(lines: list[str]) -> list[str]:
    """Return lines from their first heading on, if they have one, without a last heading that has no text yet."""
    fences = [number for number, line in enumerate(lines) if _FENCE.match(line)]
    if len(fences) % 2:
        lines = lines[: fences[-1]]
    code = _code(lines)
    headings = [n for n, line in enumerate(lines) if _HEADING.match(line) and n not in code]
    first = headings[0] if headings else 0
    before = sum(len(line) for line in lines[:first])
    kept = lines[first:] if before < sum(map(len, lines)) / 3 else lines
    while kept and (not kept[-1].strip() or _HEADING.match(kept[-1])):
        kept = kept[:-1]
    return kept
