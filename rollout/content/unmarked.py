"""Find a block's text that somebody wrote into a file, without markers, before rollout came."""

from __future__ import annotations

_LF, _CRLF = b"\n", b"\r\n"


def place(content: bytes, said: bytes) -> tuple[int, int] | None:
    """Return the span of lines with exactly this text; None unless they occur once and whole.

    `said` is a text with LF line ends and without blank lines around it.
    """
    if not said.strip():
        return None
    lines = content.split(_LF)
    plain = _LF + _LF.join(line.removesuffix(b"\r") for line in lines) + _LF
    wanted = _LF + said.removesuffix(_LF) + _LF
    at = plain.find(wanted)
    if at < 0 or plain.find(wanted, at + 1) >= 0:
        return None
    first = plain.count(_LF, 0, at)
    start = _offset(lines, first)
    return start, min(_offset(lines, first + wanted.count(_LF) - 1), len(content))


def _offset(lines: list[bytes], number: int) -> int:
    return sum(len(line) + 1 for line in lines[:number])
