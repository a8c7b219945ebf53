"""Lines that programs know only where they begin a file, so that no marker may stand above them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from rollout.content import comments

_ANYWHERE = re.compile(rb"#!|<\?(?:xml|php)\b|#cloud-config\b|#compdef\b|#autoload\b|@charset\b", re.IGNORECASE)
_DIRECTIVE = re.compile(rb"#[ \t]*(?:syntax|escape|check)[ \t]*=", re.IGNORECASE)  # of a Dockerfile
_FRONT_MATTER = re.compile(rb"---[ \t]*\n(?:#.*\n|\n)*[\w-]+[ \t]*:(?:[ \t\n].*)?\n(?s:.*?)^---[ \t]*$", re.MULTILINE)
_OF_HUGO = re.compile(
    rb"""\+\+\+[ \t]*\n(?:\#.*\n|\n)*(?:[\w"'.-]+[ \t]*=|\[).*\n(?s:.*?)^\+\+\+[ \t]*$   # TOML
    | \{[ \t]*\n[ \t]*"[^"\n]*"[ \t]*:(?s:.*?)^\}[ \t]*$                                # JSON""",
    re.MULTILINE | re.VERBOSE,
)
_OF_DOCKER = re.compile(r"(?:docker|container)file(?:\..*)?|.*\.(?:docker|container)file", re.IGNORECASE)


def of(text: bytes, path: PurePosixPath) -> str | None:
    """Return the first line of a text with LF line ends, if it counts only where it begins the file; else None."""
    docker = _OF_DOCKER.fullmatch(path.name) and _DIRECTIVE.match(text)
    has_pages = comments.of(path) in {comments.HTML, comments.MDX}
    page = has_pages and (_FRONT_MATTER.match(text) or _OF_HUGO.match(text))
    if not (_ANYWHERE.match(text) or docker or page):
        return None
    return text.partition(b"\n")[0].decode("utf-8", "replace").strip()
