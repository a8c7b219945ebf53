"""Packet lines, the framing of git's protocols: gitprotocol-common(5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rollout import __version__

AGENT = f"agent=rollout/{__version__}"  # our agent string, in all of git's protocols
FLUSH = b"0000"
DELIMITER = b"0001"


_MOST = 1 << 26  # bytes that a section may have


def line(content: str) -> bytes:
    words = content.encode("utf-8", "surrogateescape")
    return b"%04x" % (len(words) + 4) + words


class Stream:
    """Read packet lines from pieces as they arrive; `more` gives the next piece, and nothing at the end.

    Raises ValueError for data that are not packet lines.
    """

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._held = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the complete lines; a flush or a delimiter is an empty one."""
        while self._has(4):
            length = int(bytes(self._held[:4]), 16)
            if length < 4:
                del self._held[:4]
                yield b""
            elif self._has(length):
                content = bytes(self._held[4:length])
                del self._held[:length]
                yield content
            else:
                return

    def _has(self, size: int) -> bool:
        while len(self._held) < size:
            piece = self._more()
            if not piece:
                return False
            self._held += piece
        return True

    def section(self) -> list[str] | None:
        """Return the lines up to the next flush, or None if the stream ends before."""
        found: list[str] = []
        size = 0
        for content in self:
            if not content:
                return found
            found.append(content.decode("utf-8", "surrogateescape").rstrip("\n"))
            size += len(content)
            if size > _MOST:
                raise ValueError("more than 64 MiB")
        return None


def whole(content: bytes) -> Stream:
    """Return the packet lines of a complete answer."""
    pieces = iter((content,))
    return Stream(lambda: next(pieces, b""))
