"""Unpack a pack from git without a process; its deltas may need objects that are here already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rollout.model import tree_modes
from rollout.objects import ids, messages, pack_format
from rollout.objects.pack_format import Content

_MOST = 1 << 24  # bytes of all objects and deltas of a pack; git unpacks a larger one


def objects(data: bytes, id_size: int, here: Callable[[str], Content | None]) -> dict[str, Content]:
    """Return the objects of a pack by their ids; `here` looks up an object that is here already.

    Raises one of pack_format.DAMAGED for anything but a complete pack that can be unpacked here.
    """
    size = id_size // 2
    *magic, count = pack_format.HEADER.unpack_from(data)
    if tuple(magic) != pack_format.MAGIC or ids.hashed(data[:-size], size) != data[-size:]:
        raise ValueError("not a complete pack")
    found: dict[int, Content] = {}
    at, room = pack_format.HEADER.size, _MOST
    for _ in range(count):
        start = at
        number, length, at = pack_format.entry_head(data, at)
        room -= length
        base = None
        if number == pack_format.OFFSET_DELTA:
            back, at = pack_format.back_offset(data, at)
            base = found.get(start - back)
        elif number == pack_format.ID_DELTA:
            name = data[at : at + size]
            at += size
            base = here(name.hex()) if len(name) == size else None
        if room < 0:
            raise ValueError("it is larger than it may be")
        content, at = pack_format.inflated(data, at, length)
        if number in pack_format.KINDS:
            found[start] = pack_format.KINDS[number], content
        elif base is None or pack_format.target_size(content) > room:
            raise ValueError("a delta for an object that is not here, or one that is too large")
        else:
            found[start] = base[0], pack_format.patched(base[1], content)
            room -= len(found[start][1])
    if at != len(data) - size:
        raise ValueError("a pack with more objects than its header says")
    return {ids.id_of(*one, size).hex(): one for one in found.values()}


def spoken_of(found: Mapping[str, Content], shallow: Iterable[str]) -> set[str]:
    """Return the commits and trees that objects refer to, except the parents of shallow commits."""
    cut = set(shallow)
    names: set[str] = set()
    for name, (kind, content) in found.items():
        if kind == "commit":
            names.add(content[5 : 5 + len(name)].decode())
            names.update(() if name in cut else messages.parts(content)[0])
        elif kind == "tree":
            entries = pack_format.tree_entries(content, len(name) // 2)
            names.update(inside for mode, _, inside in entries if mode == tree_modes.FOLDER)
    return names
