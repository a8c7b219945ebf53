"""What a run would do about a file, and what a person decides about one that others changed."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """The state of one managed file, which is also what a run would do about it."""

    IN_SYNC = "in-sync"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    CHMOD = "chmod"
    ADOPT = "adopt"
    DRIFT = "drift"
    CONFLICT = "conflict"
    ERROR = "error"


class OnDrift(StrEnum):
    """What to do with a managed file that somebody else changed."""

    BLOCK = "block"
    OVERWRITE = "overwrite"
    MERGE = "merge"
    KEEP = "keep"
