"""What ends the code of a file before the file ends: all behind it is text or data."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

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


def of(content: bytes, path: PurePosixPath) -> re.Match[bytes] | None:
    """Return what ends the code of a file, if anything does."""
    suffix = path.suffix.lower()
    if suffix in _PHP:
        return _of_php(content)
    if suffix in _PERL:
        return _OF_PERL.search(content)
    return _OF_RUBY.search(content) if suffix in _RUBY else None


def _of_php(content: bytes) -> re.Match[bytes] | None:
    end, at = None, 0
    while (begin := content.find(b"<?", at)) >= 0:
        end = next((found for found in _OF_PHP.finditer(content, begin) if found[0] == b"?>"), None)
        if end is None:
            return None
        at = end.end()
    return end
