"""Whose a file is and what its ACL says: read before the file goes, given to it when it comes back."""

from __future__ import annotations

import os
from contextlib import suppress

from msgspec import Struct

_ACL = "system.posix_acl_access"


class FileAccess(Struct, frozen=True, omit_defaults=True):
    """The owner and the group of a file, and its ACL as the system says it."""

    owner: int
    group: int
    acl: bytes | None = None

    def given_to(self, descriptor: int) -> FileAccess:
        """Give it to an open file as far as the system lets us; return what the file has now."""
        give_owner(descriptor, self.owner, self.group)
        if hasattr(os, "setxattr"):
            with suppress(OSError):
                _set_acl(descriptor, self.acl if self.is_owned_as(of(descriptor)) else None)
        return of(descriptor)

    def is_owned_as(self, other: FileAccess) -> bool:
        return (self.owner, self.group) == (other.owner, other.group)

    def lacking(self, now: FileAccess) -> list[str]:
        """Name what of it a file does not have now."""
        pairs = (
            (f"owner (uid {self.owner})", self.owner == now.owner),
            (f"group (gid {self.group})", self.group == now.group),
            ("ACL", self.acl == now.acl),
        )
        return [what for what, given in pairs if not given]

    def safe(self, mode: int, now: FileAccess) -> int:
        """Return permissions with which nobody but a new owner may do more than they could with this access."""
        owner, group, others = mode >> 6 & 7, mode >> 3 & 7, mode & 7
        special = mode & ~0o777
        if self.acl != now.acl:
            group = others = 0
        if self.group != now.group:  # its members are among the others now, and others are its members
            group = others = group & others
            special &= ~0o2000
        if self.owner != now.owner:
            group, others = group & owner, others & owner
            special &= ~0o4000
        return special | owner << 6 | group << 3 | others


def of(descriptor: int) -> FileAccess:
    """Return the access of an open file."""
    about = os.fstat(descriptor)
    return FileAccess(about.st_uid, about.st_gid, _acl(descriptor))


def _acl(descriptor: int) -> bytes | None:
    if hasattr(os, "getxattr"):
        with suppress(OSError):  # it has none, or its file system has none
            return os.getxattr(descriptor, _ACL)
    return None


def _set_acl(descriptor: int, acl: bytes | None) -> None:
    if acl is None:
        os.removexattr(descriptor, _ACL)  # its folder may have given it one
    else:
        os.setxattr(descriptor, _ACL, acl)


def give_owner(descriptor: int, owner: int, group: int) -> None:
    """Give an open file an owner and a group, each if the system lets us: who may not give it away may share it."""
    for uid, gid in ((-1, group), (owner, -1)):
        with suppress(OSError):
            os.fchown(descriptor, uid, gid)
