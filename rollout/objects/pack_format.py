"""Git's objects as they are kept: their ids, what stands in a tree, the entries of packs and the deltas between them.

The last two are laid out as gitformat-pack(5) says.

Whatever is damaged raises ValueError, IndexError, struct.error or zlib.error: DAMAGED.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator

from rollout.objects.stored import ObjectKind

DAMAGED = (ValueError, IndexError, struct.error, zlib.error)


KINDS = {1: ObjectKind.COMMIT, 2: ObjectKind.TREE, 3: ObjectKind.BLOB, 4: ObjectKind.TAG}
NUMBERS = {kind: number for number, kind in KINDS.items()}

OFFSET_DELTA, ID_DELTA = 6, 7

HEADER = struct.Struct(">4sLL")
MAGIC = (b"PACK", 2)


_PIECE = 4096
_LONGEST_NUMBER = 9  # bytes of one with 63 bits


Bytes = bytes | mmap.mmap


def tree_entries(content: bytes, size: int) -> Iterator[tuple[str, bytes, str]]:
    """Yield (mode, name, id) of the entries of a tree; `size` is the length of a raw id."""
    at = 0
    while at < len(content):
        space, end = content.index(b" ", at), content.index(b"\0", at)
        last = end + 1 + size
        yield content[at:space].decode().zfill(6), content[space + 1 : end], content[end + 1 : last].hex()
        at = last


def _digits(data: Bytes, at: int) -> bytes:
    """Return the bytes of a number: seven bits each, and the highest bit of all but the last is set."""
    for end in range(at, at + _LONGEST_NUMBER):
        if not data[end] & 0x80:
            return data[at : end + 1]
    raise ValueError("a number that never ends")


def entry_head(data: Bytes, at: int) -> tuple[int, int, int]:
    """Return the kind of the entry at an offset, its inflated size, and the offset after its header."""
    first, *others = digits = _digits(data, at)
    size = first & 15
    for place, byte in enumerate(others):
        size |= (byte & 0x7F) << (4 + 7 * place)
    return (first >> 4) & 7, size, at + len(digits)


def back_offset(data: Bytes, at: int) -> tuple[int, int]:
    """Return how far back the base of a delta is, and where the delta begins."""
    first, *others = digits = _digits(data, at)
    back = first & 0x7F
    for byte in others:
        back = ((back + 1) << 7) | (byte & 0x7F)
    return back, at + len(digits)


def inflated(data: Bytes, at: int, size: int) -> tuple[bytes, int]:
    """Return the inflated bytes at an offset, and where the deflated ones end."""
    stream = zlib.decompressobj()
    pieces, left = [], size
    while not stream.eof:
        piece = data[at : at + _PIECE]
        if not piece:
            raise ValueError("it ends too early")
        pieces.append(stream.decompress(piece))
        left -= len(pieces[-1])
        if left < 0:
            raise ValueError("it is larger than its header says")
        at += len(piece)
    if left:
        raise ValueError("it is smaller than its header says")
    return b"".join(pieces), at - len(stream.unused_data)


def patched(base: bytes, delta: bytes) -> bytes:
    """Apply one delta: pieces copied from the base, and pieces of its own."""
    source, at = _number(delta, 0)
    target, at = _number(delta, at)
    if source != len(base):
        raise ValueError("a delta for another base")
    out = bytearray()
    while at < len(delta):
        order = delta[at]
        at += 1
        if order & 0x80:
            start, length, at = _copied(delta, at, order)
            piece = base[start : start + length]
        else:
            length = order
            piece = delta[at : at + order]
            at += order
        out += piece
        if not piece or len(piece) != length or len(out) > target:
            raise ValueError("a delta that does not give the object it should")
    if len(out) != target:
        raise ValueError("a delta that does not give the object it should")
    return bytes(out)


def target_size(delta: bytes) -> int:
    """Return how many bytes a delta produces."""
    return _number(delta, _number(delta, 0)[1])[0]


def _number(delta: bytes, at: int) -> tuple[int, int]:
    digits = _digits(delta, at)
    return sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(digits)), at + len(digits)


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


def head(kind: ObjectKind, length: int) -> bytes:
    """Return the header before the deflated content of an entry."""
    byte = (NUMBERS[kind] << 4) | (length & 15)
    length >>= 4
    out = bytearray()
    while length:
        out.append(byte | 0x80)
        byte = length & 0x7F
        length >>= 7
    out.append(byte)
    return bytes(out)
