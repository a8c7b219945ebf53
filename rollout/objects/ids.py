"""The ids of git's objects, computed and recognised."""

from __future__ import annotations

import hashlib
import re

from rollout.objects.stored import ObjectKind

# An object's id in either of git's two formats.
ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")


def object_format(id_size: int) -> str:
    """Return git's name of the object format whose ids have `id_size` characters."""
    return "sha1" if id_size == 40 else "sha256"


def hashed(content: bytes, size: int) -> bytes:
    """Return the raw hash of a repository whose ids have `size` bytes."""
    new = hashlib.sha1 if size == 20 else hashlib.sha256
    return new(content, usedforsecurity=False).digest()


def id_of(kind: ObjectKind, content: bytes, size: int) -> bytes:
    """Return the raw id of an object, in a repository whose ids have `size` bytes."""
    return hashed(b"%s %d\0" % (kind.encode(), len(content)) + content, size)


def git_id(content: bytes, size: int = 40, kind: ObjectKind = ObjectKind.BLOB) -> str:
    """Return the id git gives to an object; `size` is the length of the repository's ids."""
    return id_of(kind, content, size // 2).hex()
