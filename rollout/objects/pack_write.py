"""Write objects as a pack with its index."""

from __future__ import annotations

import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

from rollout.errors import GitError
from rollout.machine import files, waiting
from rollout.objects import ids, pack_format
from rollout.objects.pack import LARGE, SMALL
from rollout.objects.packs import length, opened
from rollout.objects.stored import Content


def write(folder: Path, objects: Iterable[Content], id_size: int, *, promisor: bool = False) -> tuple[str, bytes]:
    """Write objects below `folder` as one pack, complete and on the disk, or not at all.

    Return the pack's name, and the pack. The objects that those of a `promisor` pack refer to need not be here.
    """
    size = id_size // 2
    pack, entries = _pack(objects, size)
    index = _index(entries, pack[-size:], size)
    name = f"pack-{pack[-size:].hex()}"
    _put(folder / "pack" / f"{name}.pack", pack)
    if promisor:
        _put(folder / "pack" / f"{name}.promisor", b"")
    _put(folder / "pack" / f"{name}.idx", index)  # the index, which makes the pack valid, comes last
    return name, pack


def gather(folder: Path, id_size: int, most: int) -> None:
    """Combine all small packs into one if there are more than `most`; every object stays, referred to or not.

    `git repack` will not do: in a store without all objects it also drops those of ours that upstream has, and a server
    that knows no filters sends what comes next as a difference from them.
    """
    indexes = sorted((folder / "pack").glob("*.idx"))
    small = [index for index in indexes if length(index.with_suffix(".pack")) <= SMALL]
    if len(small) <= most:
        return
    with opened(folder, id_size) as packs:
        ids = dict.fromkeys(name for index in small for name in packs.ids(index.name))
        found = (packs.read(name.hex()) for name in ids)
        promisor = any(index.with_suffix(".promisor").exists() for index in small)
        made, _ = write(folder, (one.without_id for one in found if one is not None), id_size, promisor=promisor)
    for index in small:
        if index.stem != made:
            for suffix in (".idx", ".pack", ".promisor", ".rev", ".keep"):
                index.with_suffix(suffix).unlink(missing_ok=True)


def packed(objects: Iterable[Content], id_size: int) -> bytes:
    """Return objects as one pack."""
    return _pack(objects, id_size // 2)[0]


def _pack(objects: Iterable[Content], size: int) -> tuple[bytes, list[tuple[bytes, int, int]]]:
    """Return a pack, and (id, checksum, offset) of each of its entries."""
    parts, entries, at = [b""], [], 12
    for kind, content in objects:
        piece = pack_format.head(kind, len(content)) + zlib.compress(content, 1)
        name = ids.id_of(kind, content, size)
        entries.append((name, zlib.crc32(piece), at))
        parts.append(piece)
        at += len(piece)
    parts[0] = pack_format.HEADER.pack(*pack_format.MAGIC, len(entries))
    whole = b"".join(parts)
    return whole + ids.hashed(whole, size), entries


def _index(entries: list[tuple[bytes, int, int]], pack_hash: bytes, size: int) -> bytes:
    ordered = sorted(entries)
    if ordered and ordered[-1][2] >= LARGE:
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
    return content + ids.hashed(content, size)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = files.scratch(path.parent, "tmp_rollout_")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, 0o444)
        waiting.sync(descriptor)
    Path(name).replace(path)
