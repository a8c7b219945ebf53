"""Who changed a managed file, when, and what they did to it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from rollout.safety.shown import age, moment


class ChangedBy(Struct, frozen=True):
    """Who changed a file and when, in seconds since the epoch; for a file on disk nobody knows who."""

    when: float
    seen: float  # when we looked
    who: str | None = None
    commit: str | None = None
    before_ours: bool = False  # rollout wrote the file since

    def words(self, *, dated: bool = False) -> str:
        whose = "on the disk" if self.commit is None else f"by {self.who} in {self.commit[:7]}"
        return f"{whose} ({moment(self.when) if dated else age(self.seen - self.when)})"


class Deed(StrEnum):
    """What others did to a file, as a verb before the name of who did it."""

    CHANGED = "changed"
    DELETED = "deleted"
    PUT_BACK = "put back"
    CHANGED_MODE = "mode changed"


class Did(Struct, frozen=True):
    """What others did to a file: in words that name nobody, and as a verb where we know who it was."""

    plain: str
    verb: Deed | None = None
    more: str = ""
    by: ChangedBy | None = None

    def words(self, *, dated: bool = False) -> str:
        if self.by is None:
            return self.plain + self.more
        whose = self.by.words(dated=dated)
        if self.verb:
            return f"{self.verb} {whose}{self.more}"
        found = f"changed {whose}, before rollout wrote it" if self.by.before_ours else f"last changed {whose}"
        return f"{self.plain}{self.more}; {found}"
