"""What git stores: objects of four kinds, each under the id that its kind and its bytes give."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class ObjectKind(StrEnum):
    """What an object is, in git's words."""

    COMMIT = "commit"
    TREE = "tree"
    BLOB = "blob"
    TAG = "tag"


class Content(NamedTuple):
    """An object without its id."""

    kind: ObjectKind
    content: bytes


class Stored(NamedTuple):
    """An object that was looked up."""

    id: str
    kind: ObjectKind
    content: bytes

    @property
    def without_id(self) -> Content:
        return Content(self.kind, self.content)

    @property
    def tree(self) -> str:
        """Return the id of a commit's tree; raise ValueError for any other object."""
        if self.kind is not ObjectKind.COMMIT or not self.content.startswith(b"tree "):
            raise ValueError("it is not a commit")
        return self.content[5 : self.content.index(b"\n")].decode()
