"""The entries of git's packs and the deltas between them, as gitformat-pack(5) lays them out.

Whatever is damaged raises ValueError, IndexError, struct.error or zlib.error: DAMAGED.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import zlib

DAMAGED = (ValueError, IndexError, struct.error, zlib.error)

KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
NUMBERS = {name: number for number, name in KINDS.items()}
OFFSET_DELTA, ID_DELTA = 6, 7
HEADER = struct.Struct(">4sLL")
MAGIC = (b"PACK", 2)

_PIECE = 4096

Bytes = bytes | mmap.mmap
Content = tuple[str, bytes]  # (kind, content)


def hashed(content: bytes, size: int) -> bytes:
    """Return the raw hash of a repository whose ids have `size` bytes."""
    new = hashlib.sha1 if size == 20 else hashlib.sha256
    return new(content, usedforsecurity=False).digest()


def id_of(kind: str, content: bytes, size: int) -> bytes:
    return hashed(b"%s %d\0" % (kind.encode(), len(content)) + content, size)


def entry_head(data: Bytes, at: int) -> tuple[int, int]:
    """Return the kind of the entry at an offset, and where what follows its size begins."""
    byte = data[at]
    number = (byte >> 4) & 7
    at += 1
    while byte & 0x80:
        byte = data[at]
        at += 1
    return number, at


def back_offset(data: Bytes, at: int) -> tuple[int, int]:
    """Return how far back the base of a delta is, and where the delta begins."""
    byte = data[at]
    back = byte & 0x7F
    at += 1
    while byte & 0x80:
        byte = data[at]
        back = ((back + 1) << 7) | (byte & 0x7F)
        at += 1
    return back, at


def inflated(data: Bytes, at: int, most: int | None = None) -> tuple[bytes, int]:
    """Return what was deflated at an offset, and where that ends; raise ValueError for more than `most` bytes."""
    stream = zlib.decompressobj()
    pieces, size = [], 0
    while not stream.eof:
        piece = data[at : at + _PIECE]
        if not piece:
            raise ValueError("it ends too early")
        pieces.append(stream.decompress(piece))
        size += len(pieces[-1])
        if most is not None and size > most:
            raise ValueError("it is larger than it may be")
        at += len(piece)
    return b"".join(pieces), at - len(stream.unused_data)


def patched(base: bytes, delta: bytes) -> bytes:
    """Apply one delta: pieces copied from the base, and pieces of its own."""
    source, at = _number(delta, 0)
    target, at = _number(delta, at)
    if source != len(base):
        raise ValueError("a delta for another base")
    out, size = [], 0
    while at < len(delta) and size <= target:
        order = delta[at]
        at += 1
        if order & 0x80:
            start, length, at = _copied(delta, at, order)
            out.append(base[start : start + length])
        else:
            out.append(delta[at : at + order])
            at += order
        size += len(out[-1])
    if size != target:
        raise ValueError("a delta that does not come out right")
    return b"".join(out)


def target_size(delta: bytes) -> int:
    """Return how many bytes a delta makes."""
    return _number(delta, _number(delta, 0)[1])[0]


def _number(delta: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = delta[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _copied(delta: bytes, at: int, order: int) -> tuple[int, int, int]:
    start = length = 0
    for bit in range(4):
        if order & (1 << bit):
            start |= delta[at] << (8 * bit)
            at += 1
    for bit in range(3):
        if order & (0x10 << bit):
            length |= delta[at] << (8 * bit)
            at += 1
    return start, length or 0x10000, at


def head(kind: str, length: int) -> bytes:
    """Return what stands before the deflated content of an entry."""
    byte = (NUMBERS[kind] << 4) | (length & 15)
    length >>= 4
    out = bytearray()
    while length:
        out.append(byte | 0x80)
        byte = length & 0x7F
        length >>= 7
    out.append(byte)
    return bytes(out)
