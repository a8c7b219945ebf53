"""Edit git's index file: record what work tree files look like, so that git need not read them to know them clean."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping

from rollout.objects import ids

_HEAD = struct.Struct(">4sLL")
_STAT = struct.Struct(">10L")
_MASK = 0xFFFFFFFF


def with_stats(content: bytes, stats: Mapping[bytes, os.stat_result], id_size: int) -> bytes | None:
    """Return an index with the times and sizes of these paths filled in, or None for a form that is not known.

    Follows gitformat-index(5), versions 2 and 3; `id_size` is the length of the repository's ids in hex.
    """
    size = id_size // 2
    if len(content) < _HEAD.size + size:
        return None
    magic, version, count = _HEAD.unpack_from(content)
    if magic != b"DIRC" or version not in {2, 3}:
        return None
    out = bytearray(content)
    at = _HEAD.size
    for _ in range(count):
        name_at = at + _STAT.size + size + 2
        (flags,) = struct.unpack_from(">H", content, name_at - 2)
        name_at += 2 if version == 3 and flags & 0x4000 else 0
        end = content.index(b"\0", name_at)
        found = stats.get(content[name_at:end])
        if found is not None and not flags & 0x3000:
            mode = _STAT.unpack_from(content, at)[6]
            _STAT.pack_into(out, at, *_fields(found, mode))
        at += (end - at) // 8 * 8 + 8  # entries are padded with one to eight NULs
    if any(content[-size:]):  # all zeros where index.skipHash is set
        out[-size:] = ids.hashed(bytes(out[:-size]), size)
    return bytes(out)


def _fields(found: os.stat_result, mode: int) -> tuple[int, ...]:
    changed, written = found.st_ctime_ns, found.st_mtime_ns
    return tuple(
        value & _MASK
        for value in (
            changed // 10**9,
            changed % 10**9,
            written // 10**9,
            written % 10**9,
            found.st_dev,
            found.st_ino,
            mode,
            found.st_uid,
            found.st_gid,
            found.st_size,
        )
    )
