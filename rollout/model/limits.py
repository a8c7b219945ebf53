"""Limits on the texts of a target as a whole: how much is loaded, and what no file may contain."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.model.few import few
from rollout.model.verified import Where
from rollout.safety.flaw import Flaw


class Budget(Struct, frozen=True):
    """How much text of these files together may be loaded."""

    name: str
    files: tuple[str, ...]
    follow: bool = False  # whether what they import counts, too
    max_chars: int | None = None
    max_tokens: int | None = None
    warn: float = 0.9


class Forbidden(Struct, frozen=True):
    """A text, or a pattern, that no file of a target may contain."""

    words: str
    is_pattern: bool = False
    exceptions: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()  # none is all
    why: str = ""
    block: bool = False


class BudgetPart(Struct, frozen=True):
    """One counted file, and its length upstream now."""

    path: PurePosixPath
    chars: int
    before: int = 0

    @property
    def words(self) -> str:
        grown = self.chars - self.before
        return f"{self.path} {self.chars:,}" + (f" ({grown:+,})" if grown else "")


class BudgetUse(Struct, frozen=True):
    """The size of a budget's files in a target; tokens are an estimate."""

    budget: Budget
    chars: int
    tokens: int
    parts: tuple[BudgetPart, ...]

    @property
    def grows(self) -> bool:
        return any(part.chars != part.before for part in self.parts)

    @property
    def over(self) -> bool:
        return self._share() > 1

    @property
    def near(self) -> bool:
        return self._share() >= self.budget.warn

    def _share(self) -> float:
        of_chars = self.chars / self.budget.max_chars if self.budget.max_chars else 0.0
        return max(of_chars, self.tokens / self.budget.max_tokens if self.budget.max_tokens else 0.0)

    @property
    def words(self) -> str:
        limits = [f"{self.chars:,} of {self.budget.max_chars:,} characters"] if self.budget.max_chars else []
        limits += [f"about {self.tokens:,} of {self.budget.max_tokens:,} tokens"] if self.budget.max_tokens else []
        grown = sorted((part for part in self.parts if part.chars), key=lambda part: part.before - part.chars)
        parts = few([part.words for part in grown], 5, "rollout plan --json names them")
        return f"budget {self.budget.name}: {', '.join(limits)}: {parts}"


class Finding(Struct, frozen=True):
    """Something wrong with a target's texts as a whole."""

    where: Where
    path: str
    flaw: Flaw
    blocks: bool
    fails: bool = True  # whether it is a mismatch for `verify`

    @property
    def told(self) -> str:
        return str(self.flaw) if self.where is Where.BUDGET else f"{self.path}: {self.flaw}"


class LimitUnit(StrEnum):
    """What a limit counts, as people are told it."""

    BYTES = "bytes"
    CHARACTERS = "characters"


class Limit(Struct, frozen=True):
    """How much of one file its reader takes in."""

    who: str
    most: int
    unit: LimitUnit = LimitUnit.CHARACTERS

    def fault(self, content: bytes) -> str | None:
        """Say how a file breaks the limit, or None."""
        size = len(content) if self.unit is LimitUnit.BYTES else len(content.decode("utf-8", "replace"))
        if size <= self.most:
            return None
        return f"has {size:,} {self.unit}; {self.who} reads {self.most:,}; max_chars in 'files' sets another limit"
