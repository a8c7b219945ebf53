"""The `@imports` of a Markdown text: other files that are loaded with it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content import markdown

_IMPORT = re.compile(r"(?:^|(?<=\s))@([^\s`@]+)")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")


def imports(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the path of each import outside of code."""
    if "@" not in text:
        return
    code = markdown.outline(text).code
    for number, line in enumerate(text.split("\n")):
        if number not in code and "@" in line and not line.startswith(("    ", "\t")):
            for found in _IMPORT.finditer(_CODE.sub(lambda span: " " * len(span[0]), line)):
                path = found[1].rstrip(".,;:!?)\"'")
                if path:
                    yield number + 1, path


def place(path: str, importing: PurePosixPath) -> PurePosixPath | None:
    """Return the file of the target that an import names; None for a file outside the target."""
    if path.startswith(("~", "/")):
        return None
    found = posixpath.normpath(posixpath.join(str(importing.parent), path))
    return None if found == ".." or found.startswith("../") else PurePosixPath(found)


def looks_like_a_file(path: str) -> bool:
    """Tell whether a word after an @ means a file, and not a person's name or a package."""
    name = path.rsplit("/", 1)[-1]
    return path.startswith(("./", "../", "~/")) or bool(re.search(r"[^.]\.[A-Za-z]\w*\Z", name))
