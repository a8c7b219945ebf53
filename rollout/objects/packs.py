"""Objects of our own store, read and written as packs without a process: as gitformat-pack(5) lays them out."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollout.errors import Damaged, GitError
from rollout.machine import files
from rollout.objects import ids, pack_format
from rollout.objects.ids import ID
from rollout.objects.pack import INDEX, Pack, content_of
from rollout.objects.stored import Content, ObjectKind, Stored

_MAX_CHAIN = 10_000  # deltas on deltas; git stops at 4,095


class Packs:
    """Look objects up in the packs and loose objects of one folder; damage is a GitError."""

    def __init__(self, folder: Path, id_size: int, *, lenient: bool = False) -> None:
        """Read below `folder`; if `lenient`, objects in a damaged pack count as missing."""
        self._lenient = lenient
        self._folder = str(folder)
        self._size = id_size // 2
        self._names: list[str] = []  # of packs, newest first
        self._packs: dict[str, Pack] = {}  # the opened ones: most objects are in the newest

    def read(self, name: str) -> Stored | None:
        """Return an object, or None if it is not here; `ID^{tree}` is a commit's tree."""
        commit, peel, _ = name.partition("^{tree}")
        if not ID.match(commit):
            raise GitError(f"{name!r} is not an object id")
        try:
            found = self._find(bytes.fromhex(commit))
            if peel and found is not None:
                return self.read(found.tree)
        except (*pack_format.DAMAGED, OSError) as error:
            raise Damaged(f"object {name} is damaged in our store: {error}") from error
        return found

    def _find(self, name: bytes) -> Stored | None:
        found = self._packed(name) or self._loose(name)
        if found is None and self._look_again():
            found = self._packed(name)
        if found is None:
            return None
        kind, content = found
        if ids.id_of(kind, content, self._size) != name:
            raise ValueError("its content does not match its id")
        return Stored(name.hex(), kind, content)

    def content(self, name: str) -> Content | None:
        """Return an object without its id, or None if it is not here."""
        found = self.read(name)
        return None if found is None else found.without_id

    def has(self, name: str) -> bool:
        """Tell whether an object is here, without reading its content."""
        if not ID.match(name):
            return False
        raw = bytes.fromhex(name)
        if self._place(raw) or os.path.exists(f"{self._folder}/{name[:2]}/{name[2:]}"):
            return True
        return self._look_again() and self._place(raw) is not None

    def _place(self, name: bytes) -> tuple[Pack, int] | None:
        for known in self._names:
            try:
                pack = self._packs.get(known) or self._opened(known)
                offset = pack.offset(name)
                if offset is not None and (not self._lenient or pack.data):
                    return pack, offset
            except (*pack_format.DAMAGED, OSError):
                if not self._lenient:
                    raise
        return None

    def _packed(self, name: bytes) -> Content | None:
        found = self._place(name)
        return None if found is None else self._at(*found)

    def _loose(self, name: bytes) -> Content | None:
        text = name.hex()
        try:
            packed = files.read(f"{self._folder}/{text[:2]}/{text[2:]}")
        except FileNotFoundError:
            return None
        head, _, content = zlib.decompress(packed).partition(b"\0")
        return Content(ObjectKind(head.split(b" ")[0].decode()), content)

    def _look_again(self) -> bool:
        """Find the packs that are new since we last looked; tell whether there are any."""
        with os.scandir(f"{self._folder}/pack") as entries:
            found = {entry.name: entry.stat().st_mtime_ns for entry in entries if entry.name.endswith(".idx")}
        new = sorted(found.keys() - set(self._names), key=lambda name: found[name], reverse=True)
        self._names[:0] = new
        return bool(new)

    def _opened(self, name: str) -> Pack:
        index = content_of(f"{self._folder}/pack/{name}")
        if INDEX.unpack_from(index) != (b"\xfftOc", 2):
            raise ValueError(f"{name} is not an index of a known version")
        place = f"{self._folder}/pack/{name.removesuffix('.idx')}.pack"
        self._packs[name] = Pack(place, index, self._size, struct.unpack_from(">L", index, 8 + 4 * 255)[0])
        return self._packs[name]

    def _at(self, pack: Pack, offset: int) -> Content:
        """Return the object at an offset: follow deltas down to their base and apply them upwards."""
        deltas: list[bytes] = []
        while len(deltas) < _MAX_CHAIN:
            number, size, start = pack_format.entry_head(pack.data, offset)
            if number == pack_format.OFFSET_DELTA:
                back, start = pack_format.back_offset(pack.data, start)
                deltas.append(pack_format.inflated(pack.data, start, size)[0])
                offset -= back
            elif number == pack_format.ID_DELTA:
                base = pack.data[start : start + self._size]
                deltas.append(pack_format.inflated(pack.data, start + self._size, size)[0])
                inside = pack.offset(base)
                if inside is None:
                    found = self._find(base)
                    if found is None:
                        raise ValueError(f"its base {base.hex()} is not here")
                    return Content(found.kind, _applied(found.content, deltas))
                offset = inside
            else:
                content = pack_format.inflated(pack.data, start, size)[0]
                return Content(pack_format.KINDS[number], _applied(content, deltas))
        raise ValueError("a delta that never ends")

    def ids(self, name: str) -> list[bytes]:
        """Return the ids of all objects in the pack with an index of that name."""
        try:
            pack = self._packs.get(name) or self._opened(name)
        except (*pack_format.DAMAGED, OSError) as error:
            raise Damaged(f"{name} is damaged in our store: {error}") from error
        return [pack.id_at(place) for place in range(pack.count)]

    def close(self) -> None:
        for pack in self._packs.values():
            pack.close()
        self._packs.clear()
        self._names.clear()


@contextmanager
def opened(folder: Path, id_size: int) -> Iterator[Packs]:
    """Read the objects below `folder` for as long as the block lasts."""
    packs = Packs(folder, id_size)
    try:
        yield packs
    finally:
        packs.close()


def _applied(base: bytes, deltas: list[bytes]) -> bytes:
    for delta in reversed(deltas):
        base = pack_format.patched(base, delta)
    return base


def damaged(folder: Path) -> bool:
    """Tell whether a pack below `folder` does not belong to its index, without reading its content."""
    for index in (folder / "pack").glob("*.idx"):
        try:
            listed, packed = content_of(str(index)), content_of(str(index.with_suffix(".pack")))
            size = len(bytes.fromhex(index.stem.removeprefix("pack-")))
            whole = (
                len(packed) > size
                and packed[:4] == pack_format.MAGIC[0]
                and packed[-size:] == listed[-2 * size : -size]
            )
        except (OSError, ValueError):
            return True
        if not whole:
            return True
    return False


def length(pack: Path) -> int:
    try:
        return pack.stat().st_size
    except FileNotFoundError as error:
        raise GitError(f"{pack.name} is not in our store, and its index is") from error
