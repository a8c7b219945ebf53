"""What is wrong with a template, with its place."""

from __future__ import annotations

from typing import Self

from rollout.errors import Mistake, Place


class TemplateFault(Exception):
    """A template that does not parse, or does not render for one target; `missing` is the variable that it lacks."""

    def __init__(self, what: str, place: Place | None = None, missing: str | None = None) -> None:
        super().__init__(what, place, missing)
        self.what = what
        self.place = place
        self.missing = missing

    @classmethod
    def of(cls, template: str, what: str, *, line: int | None = None) -> Self:
        """Return the fault of a template that is named by its path under templates/."""
        return cls(what, Place(f"templates/{template}", line))

    @classmethod
    def not_text(cls, template: str, error: UnicodeDecodeError) -> Self:
        """Return the fault of a template that is not UTF-8, with the line of the first byte that is not."""
        line = error.object.count(b"\n", 0, error.start) + 1
        return cls.of(template, f"is not UTF-8 (byte {error.start}); save it as UTF-8", line=line)

    @property
    def mistake(self) -> Mistake:
        return Mistake(self.what, self.place)

    def __str__(self) -> str:
        return str(self.mistake)


class TemplateLimit(TemplateFault):
    """A template that took too long, or all the memory it may have."""
