"""Read one pack file by its index."""

from __future__ import annotations

import mmap
import os
import struct
from bisect import bisect_left

from msgspec import Struct

from rollout.objects import pack_format

INDEX = struct.Struct(">4sL")
LARGE = 1 << 31
SMALL = 1 << 20


class Pack(Struct):
    """One pack and its sorted index; the pack itself is opened when an object in it is needed."""

    place: str
    index: pack_format.Bytes
    size: int
    count: int
    _data: pack_format.Bytes | None = None

    @property
    def data(self) -> pack_format.Bytes:
        if self._data is None:
            data = content_of(self.place)
            if pack_format.HEADER.unpack_from(data)[:2] != pack_format.MAGIC:
                raise ValueError(f"{os.path.basename(self.place)} is not a pack of a known version")
            self._data = data
        return self._data

    def offset(self, name: bytes) -> int | None:
        first = struct.unpack_from(">L", self.index, 8 + 4 * (name[0] - 1))[0] if name[0] else 0
        last = struct.unpack_from(">L", self.index, 8 + 4 * name[0])[0]
        at = bisect_left(range(self.count), name, first, last, key=self.id_at)
        if at >= last or self.id_at(at) != name:
            return None
        table = 1032 + self.count * (self.size + 4)
        found: int = struct.unpack_from(">L", self.index, table + 4 * at)[0]
        if found & LARGE:
            large = table + 4 * self.count + 8 * (found ^ LARGE)
            found = struct.unpack_from(">Q", self.index, large)[0]
        return found

    def id_at(self, position: int) -> bytes:
        at = 1032 + position * self.size
        return self.index[at : at + self.size]

    def close(self) -> None:
        for mapped in (self.index, self._data):
            if isinstance(mapped, mmap.mmap):
                mapped.close()


def content_of(path: str) -> pack_format.Bytes:
    """Return a file's bytes, mapped if it is large: mapping a small one takes longer than reading it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        size = os.fstat(descriptor).st_size
        if size > SMALL:
            return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        return os.read(descriptor, size)  # no more: Python makes room for as much as is asked for
    finally:
        os.close(descriptor)
