"""Files of code that end in something else, text or data, so that a comment at their end is none."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from rollout.safety.flaw import Flaw

_PHP, _PERL, _RUBY = {".php", ".phtml"}, {".pl", ".pm", ".t"}, {".rb", ".rake", ".gemspec", ".ru"}
_OF_PERL = re.compile(rb"^__(?:END|DATA)__\r?$", re.MULTILINE)
_OF_RUBY = re.compile(rb"^__END__\r?$", re.MULTILINE)

# In a comment of one line the end counts, in a text and in a comment of several it does not.
_OF_PHP = re.compile(
    rb"""/\*.*?(?:\*/|\Z) | (?://|\#)[^\n]*?(?=\n|\?>|\Z)  # comments
    | '(?:\\.|[^'\\])*(?:'|\Z) | "(?:\\.|[^"\\])*(?:"|\Z)   # texts
    | \?>""",
    re.DOTALL | re.VERBOSE,
)


def fault(content: bytes, path: PurePosixPath) -> Flaw | None:
    """Say why a comment at the end of a file would be no comment, if it would be none."""
    suffix = path.suffix.lower()
    if suffix in _PHP:
        return _fault_of_php(content)
    pattern = _OF_PERL if suffix in _PERL else _OF_RUBY if suffix in _RUBY else None
    found = pattern.search(content) if pattern else None
    if found is None:
        return None
    what = f"its code ends with {found[0].decode().strip()}, and a block goes to the end of the file"
    return Flaw(f"{what}; write the two markers above that line", _line(content, found.start()))


def _fault_of_php(content: bytes) -> Flaw | None:
    end, at = None, 0
    while (begin := content.find(b"<?", at)) >= 0:
        end = next((found for found in _OF_PHP.finditer(content, begin) if found[0] == b"?>"), None)
        if end is None:
            return None
        at = end.end()
    what = "it ends as a page and not in code, where a comment of PHP is text"
    way_out = 'say `markers:`, such as ["<!-- rollout:begin ID -->", "<!-- rollout:end ID -->"]'
    return Flaw(f"{what}; {way_out}", None if end is None else _line(content, end.start()))


def _line(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1
