"""Links that lead out of docs/: who reads the repository follows them, who reads the site sees the name."""

from __future__ import annotations

import re
from pathlib import Path

_LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\(([^()\s]+)\)")
_COMMENT = re.compile(r"^<!--.*?-->\n?", re.DOTALL | re.MULTILINE)
_NO_RUN = re.compile(r"^( *```\w+) no-run.*$", re.MULTILINE)  # is for the tests
_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)


def for_site(markdown: str, source: Path, top: Path) -> str:
    """Return a page without comments, and without the links that lead out of the site."""
    markdown = _NO_RUN.sub(r"\1", markdown)
    fenced = _FENCED.findall(markdown)
    between = [_prose(part, source, top) for part in _FENCED.split(markdown)]
    return "".join(text for pair in zip(between, [*fenced, ""], strict=True) for text in pair)


def _prose(text: str, source: Path, top: Path) -> str:
    return _LINK.sub(lambda found: _shown(found, source, top), _COMMENT.sub("", text))


def _shown(found: re.Match[str], source: Path, top: Path) -> str:
    text, address = found[1], found[2]
    if ":" in address or address.startswith("#"):
        return found[0]
    place = (source.parent / address.partition("#")[0]).resolve()
    if place.is_relative_to(top.resolve()):
        return found[0]
    if not place.exists():
        raise FileNotFoundError(f"{source}: its link {address} leads nowhere")
    return text if text.startswith("`") else f"{text} (`{place.relative_to(top.resolve().parent)}`)"
