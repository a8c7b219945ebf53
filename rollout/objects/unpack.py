"""Unpack a pack from git without a process; its deltas may need objects that are here already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from msgspec import Struct, field

from rollout.model import tree_modes
from rollout.objects import ids, messages, pack_format
from rollout.objects.stored import Content, ObjectKind

_MOST = 1 << 24  # bytes of all objects and deltas of a pack; git unpacks a larger one


def objects(data: bytes, id_size: int, here: Callable[[str], Content | None]) -> dict[str, Content]:
    """Return the objects of a pack by their ids; `here` looks up an object that is here already.

    Raises one of pack_format.DAMAGED for anything but a complete pack that can be unpacked here.
    """
    size = id_size // 2
    *magic, count = pack_format.HEADER.unpack_from(data)
    if tuple(magic) != pack_format.MAGIC or ids.hashed(data[:-size], size) != data[-size:]:
        raise ValueError("not a complete pack")
    pack = _Unpacked(data, size, here)
    at = pack_format.HEADER.size
    for _ in range(count):
        at = pack.add(at)
    if at != len(data) - size:
        raise ValueError("a pack with more objects than its header says")
    return {ids.id_of(*one, size).hex(): one for one in pack.found.values()}


class _Unpacked(Struct):
    """The objects of a pack so far, by the offsets of their entries; `room` is how many bytes more there may be."""

    data: bytes
    size: int
    here: Callable[[str], Content | None]
    found: dict[int, Content] = field(default_factory=dict)
    room: int = _MOST

    def add(self, start: int) -> int:
        """Unpack the entry at an offset; return the offset of the next."""
        number, length, at = pack_format.entry_head(self.data, start)
        self.room -= length
        base, at = self._base(number, start, at)
        if self.room < 0:
            raise ValueError("it is larger than it may be")
        content, at = pack_format.inflated(self.data, at, length)
        kind = pack_format.KINDS.get(number)
        self.found[start] = self._patched(base, content) if kind is None else Content(kind, content)
        return at

    def _base(self, number: int, start: int, at: int) -> tuple[Content | None, int]:
        """Return the object that a delta builds on, and where its bytes begin."""
        if number == pack_format.OFFSET_DELTA:
            back, at = pack_format.back_offset(self.data, at)
            return self.found.get(start - back), at
        if number == pack_format.ID_DELTA:
            name = self.data[at : at + self.size]
            return (self.here(name.hex()) if len(name) == self.size else None), at + self.size
        return None, at

    def _patched(self, base: Content | None, delta: bytes) -> Content:
        if base is None or pack_format.target_size(delta) > self.room:
            raise ValueError("a delta for an object that is not here, or one that is too large")
        content = pack_format.patched(base.content, delta)
        self.room -= len(content)
        return Content(base.kind, content)


def spoken_of(found: Mapping[str, Content], shallow: Iterable[str]) -> set[str]:
    """Return the commits and trees that objects refer to, except the parents of shallow commits."""
    cut = set(shallow)
    names: set[str] = set()
    for name, (kind, content) in found.items():
        match kind:
            case ObjectKind.COMMIT:
                names.add(content[5 : 5 + len(name)].decode())
                names.update(() if name in cut else messages.parts(content)[0])
            case ObjectKind.TREE:
                entries = pack_format.tree_entries(content, len(name) // 2)
                names.update(inside for mode, _, inside in entries if mode == tree_modes.FOLDER)
            case ObjectKind.BLOB | ObjectKind.TAG:
                continue
            case never:
                assert_never(never)
    return names
