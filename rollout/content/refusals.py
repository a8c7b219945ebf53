"""Files that no block can be written into, and texts that cannot be a block."""

from __future__ import annotations

import re

from rollout.content import code_end, comments, first_line, markers
from rollout.content.markers import MarkerError, Spot, marks

_ONLY_TEXT = "a block can only be written into text in UTF-8"


def refuse(content: bytes, body: bytes, spot: Spot) -> None:
    """Raise MarkerError for a file that cannot hold a block, and for a text that cannot be one."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MarkerError(f"is UTF-16; {_ONLY_TEXT}", line=1)
    at = content.find(b"\0")
    if at >= 0:
        raise MarkerError(f"has a NUL; {_ONLY_TEXT}", line=content.count(b"\n", 0, at) + 1)
    if b"\r" in content and b"\n" not in content:
        raise MarkerError("its lines end with a CR alone, and a block's do not; end every line with LF or CRLF", line=1)
    at = body.find(b"\0")
    if at >= 0:
        line = body.count(b"\n", 0, at) + 1
        raise MarkerError(f"the template's text has a NUL in line {line}; {_ONLY_TEXT}")
    if not body.isascii():
        _refuse_mixed(content)
    markers.written(spot)
    if spot.form == comments.RST and not spot.custom and re.match(rb"(?:\s*\n)?[ \t]+\S", body):
        raise MarkerError(
            "the template of a block in reStructuredText must not begin with an indented line, which would be part "
            "of the marker's comment; begin it with the line `..`"
        )
    if next(marks(body, spot), None) is not None:
        raise MarkerError("the template of a block must not hold markers itself")


def refuse_behind_code(content: bytes, body: bytes, spot: Spot) -> None:
    """Raise MarkerError for a file of code that ends in something else: a block at its end would be text or data."""
    if not content.strip() and first_line.of(body, spot.path):
        return  # that is what is wrong, and it is told
    flaw = None if spot.custom else code_end.fault(content, spot.path)
    if flaw is not None:
        raise MarkerError(flaw.what, line=flaw.line)


def _refuse_mixed(content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MarkerError("is not UTF-8, and the block's text is; save it as UTF-8", line=line) from None
