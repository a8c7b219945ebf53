"""Objects of our own store, read and written as packs without a process: as gitformat-pack(5) lays them out."""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from rollout import packformat as form
from rollout import places, turns
from rollout.git import ID, GitError

_MAX_CHAIN = 10_000  # deltas on deltas; git stops at 4,095
_INDEX = struct.Struct(">4sL")
_LARGE = 1 << 31
_SMALL = 1 << 20

Stored = tuple[str, str, bytes]  # (id, kind, content)


class _Pack(Struct):
    """One pack and its index, in which the ids are sorted; the pack itself is opened when it has what is asked for."""

    place: str
    index: form.Bytes
    size: int
    count: int
    _data: form.Bytes | None = None

    @property
    def data(self) -> form.Bytes:
        if self._data is None:
            data = _content(self.place)
            if form.HEADER.unpack_from(data)[:2] != form.MAGIC:
                raise ValueError(f"{os.path.basename(self.place)} is no pack that we know")
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
        if found & _LARGE:
            large = table + 4 * self.count + 8 * (found ^ _LARGE)
            found = struct.unpack_from(">Q", self.index, large)[0]
        return found

    def id_at(self, position: int) -> bytes:
        at = 1032 + position * self.size
        return self.index[at : at + self.size]

    def close(self) -> None:
        for mapped in (self.index, self._data):
            if isinstance(mapped, mmap.mmap):
                mapped.close()


class Packs:
    """Answers what an object is, out of the packs and loose objects of one folder; damage is a GitError."""

    def __init__(self, folder: Path, id_size: int, *, lenient: bool = False) -> None:
        """Read below `folder`; where `lenient`, what a damaged pack has is not here."""
        self._lenient = lenient
        self._folder = str(folder)
        self._size = id_size // 2
        self._names: list[str] = []  # of packs, newest first
        self._packs: dict[str, _Pack] = {}  # those that were opened: most objects are in the newest

    def read(self, name: str) -> Stored | None:
        """Return (id, kind, content), or None where the object is not here; `ID^{tree}` is a commit's tree."""
        commit, peel, _ = name.partition("^{tree}")
        if not ID.match(commit):
            raise GitError(f"{name!r} is no object id")
        try:
            found = self._find(bytes.fromhex(commit))
            if peel and found is not None:
                return self.read(_tree_of(found))
        except (*form.DAMAGED, OSError) as error:
            raise GitError(f"object {name} is damaged in our store: {error}") from error
        return found

    def _find(self, name: bytes) -> Stored | None:
        found = self._packed(name) or self._loose(name)
        if found is None and self._look_again():
            found = self._packed(name)
        if found is None:
            return None
        kind, content = found
        if form.id_of(kind, content, self._size) != name:
            raise ValueError("its content does not have its id")
        return name.hex(), kind, content

    def content(self, name: str) -> form.Content | None:
        """Return (kind, content), or None where the object is not here."""
        found = self.read(name)
        return None if found is None else found[1:]

    def has(self, name: str) -> bool:
        """Tell whether an object is here; its content is not looked at."""
        if not ID.match(name):
            return False
        raw = bytes.fromhex(name)
        if self._place(raw) or os.path.exists(f"{self._folder}/{name[:2]}/{name[2:]}"):
            return True
        return self._look_again() and self._place(raw) is not None

    def _place(self, name: bytes) -> tuple[_Pack, int] | None:
        for known in self._names:
            try:
                pack = self._packs.get(known) or self._opened(known)
                offset = pack.offset(name)
                if offset is not None and (not self._lenient or pack.data):
                    return pack, offset
            except (*form.DAMAGED, OSError):
                if not self._lenient:
                    raise
        return None

    def _packed(self, name: bytes) -> tuple[str, bytes] | None:
        found = self._place(name)
        return None if found is None else self._at(*found)

    def _loose(self, name: bytes) -> tuple[str, bytes] | None:
        text = name.hex()
        try:
            packed = places.read(f"{self._folder}/{text[:2]}/{text[2:]}")
        except FileNotFoundError:
            return None
        head, _, content = zlib.decompress(packed).partition(b"\0")
        return head.split(b" ")[0].decode(), content

    def _look_again(self) -> bool:
        """Look which packs came since we last looked; tell whether there are any."""
        with os.scandir(f"{self._folder}/pack") as entries:
            found = {entry.name: entry.stat().st_mtime_ns for entry in entries if entry.name.endswith(".idx")}
        new = sorted(found.keys() - set(self._names), key=lambda name: found[name], reverse=True)
        self._names[:0] = new
        return bool(new)

    def _opened(self, name: str) -> _Pack:
        index = _content(f"{self._folder}/pack/{name}")
        if _INDEX.unpack_from(index) != (b"\xfftOc", 2):
            raise ValueError(f"{name} is no index that we know")
        place = f"{self._folder}/pack/{name.removesuffix('.idx')}.pack"
        self._packs[name] = _Pack(place, index, self._size, struct.unpack_from(">L", index, 8 + 4 * 255)[0])
        return self._packs[name]

    def _at(self, pack: _Pack, offset: int) -> tuple[str, bytes]:
        """Return what stands at an offset: deltas are followed down to their base and applied upwards."""
        deltas: list[bytes] = []
        while len(deltas) < _MAX_CHAIN:
            number, size, start = form.entry_head(pack.data, offset)
            if number == form.OFFSET_DELTA:
                back, start = form.back_offset(pack.data, start)
                deltas.append(form.inflated(pack.data, start, size)[0])
                offset -= back
            elif number == form.ID_DELTA:
                base = pack.data[start : start + self._size]
                deltas.append(form.inflated(pack.data, start + self._size, size)[0])
                inside = pack.offset(base)
                if inside is None:
                    found = self._find(base)
                    if found is None:
                        raise ValueError(f"its base {base.hex()} is not here")
                    return found[1], _applied(found[2], deltas)
                offset = inside
            else:
                return form.KINDS[number], _applied(form.inflated(pack.data, start, size)[0], deltas)
        raise ValueError("a delta without end")

    def ids(self, name: str) -> list[bytes]:
        """Return the ids of all objects in the pack with an index of that name."""
        try:
            pack = self._packs.get(name) or self._opened(name)
        except (*form.DAMAGED, OSError) as error:
            raise GitError(f"{name} is damaged in our store: {error}") from error
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


def _content(path: str) -> form.Bytes:
    """Return a file's bytes, mapped when it is large: to map and unmap a small one takes longer than to read it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if os.fstat(descriptor).st_size > _SMALL:
            return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        return os.read(descriptor, _SMALL)
    finally:
        os.close(descriptor)


def _tree_of(commit: Stored) -> str:
    if commit[1] != "commit" or not commit[2].startswith(b"tree "):
        raise ValueError("it is no commit")
    return commit[2][5 : commit[2].index(b"\n")].decode()


def _applied(base: bytes, deltas: list[bytes]) -> bytes:
    for delta in reversed(deltas):
        base = form.patched(base, delta)
    return base


# --- writing


def write(
    folder: Path, objects: Iterable[tuple[str, bytes]], id_size: int, *, promisor: bool = False
) -> tuple[str, bytes]:
    """Put objects (kind, content) below `folder` as one pack that is there whole, and on the disk, or not at all.

    Return the pack's name, and the pack. What the objects of a `promisor` pack refer to need not be here.
    """
    size = id_size // 2
    pack, entries = _pack(objects, size)
    index = _index(entries, pack[-size:], size)
    name = f"pack-{pack[-size:].hex()}"
    _put(folder / "pack" / f"{name}.pack", pack)
    if promisor:
        _put(folder / "pack" / f"{name}.promisor", b"")
    _put(folder / "pack" / f"{name}.idx", index)  # what makes the pack count comes last
    return name, pack


def damaged(folder: Path) -> bool:
    """Tell whether a pack below `folder` is not the one that its index is of; what is inside is not looked at."""
    for index in (folder / "pack").glob("*.idx"):
        try:
            listed, packed = _content(str(index)), _content(str(index.with_suffix(".pack")))
            size = len(bytes.fromhex(index.stem.removeprefix("pack-")))
            whole = len(packed) > size and packed[:4] == form.MAGIC[0] and packed[-size:] == listed[-2 * size : -size]
        except (OSError, ValueError):
            return True
        if not whole:
            return True
    return False


def gather(folder: Path, id_size: int, most: int) -> None:
    """Make one pack of all small ones if there are more than `most`; every object stays, referred to or not.

    `git repack` will not do: in a store without all objects it drops those of ours that upstream has, too, and a
    server that knows no filters sends what comes next as the difference to them.
    """
    indexes = sorted((folder / "pack").glob("*.idx"))
    small = [index for index in indexes if _length(index.with_suffix(".pack")) <= _SMALL]
    if len(small) <= most:
        return
    with opened(folder, id_size) as packs:
        ids = dict.fromkeys(name for index in small for name in packs.ids(index.name))
        found = (packs.read(name.hex()) for name in ids)
        promisor = any(index.with_suffix(".promisor").exists() for index in small)
        made, _ = write(folder, ((one[1], one[2]) for one in found if one is not None), id_size, promisor=promisor)
    for index in small:
        if index.stem != made:
            for suffix in (".idx", ".pack", ".promisor", ".rev", ".keep"):
                index.with_suffix(suffix).unlink(missing_ok=True)


def _length(pack: Path) -> int:
    try:
        return pack.stat().st_size
    except FileNotFoundError as error:
        raise GitError(f"{pack.name} is not in our store, and its index is") from error


def packed(objects: Iterable[tuple[str, bytes]], id_size: int) -> bytes:
    """Return objects (kind, content) as one pack."""
    return _pack(objects, id_size // 2)[0]


def _pack(objects: Iterable[tuple[str, bytes]], size: int) -> tuple[bytes, list[tuple[bytes, int, int]]]:
    """Return a pack, and (id, checksum, offset) of each of its entries."""
    parts, entries, at = [b""], [], 12
    for kind, content in objects:
        piece = form.head(kind, len(content)) + zlib.compress(content, 1)
        name = form.id_of(kind, content, size)
        entries.append((name, zlib.crc32(piece), at))
        parts.append(piece)
        at += len(piece)
    parts[0] = form.HEADER.pack(*form.MAGIC, len(entries))
    whole = b"".join(parts)
    return whole + form.hashed(whole, size), entries


def _index(entries: list[tuple[bytes, int, int]], pack_hash: bytes, size: int) -> bytes:
    ordered = sorted(entries)
    if ordered and ordered[-1][2] >= _LARGE:
        raise GitError("the commit is larger than 2 GiB")
    firsts = [name[0] for name, _, _ in ordered]
    fanout = [bisect_right(firsts, first) for first in range(256)]
    content = b"".join(
        (
            b"\xfftOc" + struct.pack(">L", 2),
            struct.pack(">256L", *fanout),
            *(name for name, _, _ in ordered),
            *(struct.pack(">L", checksum) for _, checksum, _ in ordered),
            *(struct.pack(">L", offset) for _, _, offset in ordered),
            pack_hash,
        )
    )
    return content + form.hashed(content, size)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = places.scratch(path.parent, "tmp_rollout_")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, 0o444)
        turns.sync(descriptor)
    Path(name).replace(path)
