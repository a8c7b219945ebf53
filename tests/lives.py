"""The life of one file: templates that change, and a person who changes the file between them; only values."""

from __future__ import annotations

from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.files import Agreed, Desired, File, Managed, Snapshot, Written
from rollout.model.inventory import FileRule
from rollout.model.plan import Change
from rollout.planning import taken_over
from tests import decisions

YES = Decisions(adopt=True, on_drift=OnDrift.OVERWRITE)


class Life(Struct):
    """A file, and what rollout remembers of it. None is a file that is not there."""

    path: str
    text: str | None
    rule: FileRule
    last: Written | None = None
    agreed: Agreed = ()
    asked: list[str] = field(default_factory=list)

    def copy(self) -> Life:
        """Return a life that has been the same so far, and may go on in another way."""
        return replace(self, asked=[*self.asked])

    def plan(self, template: str) -> Change | None:
        """Return what the file needs for a template."""
        item, there = self._item(template), decisions.file(self.text)
        made = decisions.step(item, there, self.last, agreed=self.agreed)
        last = {} if self.last is None else {item.path: self.last}
        seen = Snapshot("", {item.path: there}, last, agreed={item.path: self.agreed})
        self.agreed = taken_over.agreed_keys(Desired((item,)), seen).get(item.path, self.agreed)
        return made.changes[0] if made.changes else None

    def rolled_out(self, template: str) -> Change | None:
        """Write what a template asks for, and say yes where that is asked; return what was planned first."""
        planned = self.plan(template)
        if planned is None:
            self._note(template)
        if planned is None or planned.action is Action.ERROR:
            return planned
        change = planned
        if not planned.decided:
            self.asked.append(planned.action.value)
            change = decisions.only_change(
                decisions.step(self._item(template), decisions.file(self.text), self.last, YES, self.agreed)
            )
            if change.action is Action.ERROR:
                return change  # it is refused, whatever is decided
        self.last = Written(None) if change.after is None else decisions.written(change, self.last)
        self.text = _text(change.after)
        return planned

    def lived(self, *steps: str) -> str | None:
        """Roll out one template after the other; a step that begins with `>` is what a person makes of the file."""
        for step in steps:
            if step.startswith(">"):
                self.text = step[1:]
            else:
                self.rolled_out(step)
        return self.text

    def _note(self, template: str) -> None:
        """Take the file over if others wrote it just as it should be."""
        item, last = self._item(template), {} if self.last is None else {PurePosixPath(self.path): self.last}
        there = Snapshot("", {item.path: decisions.file(self.text)}, last)
        for taken in taken_over.equal_files(Desired((item,)), there, ()).values():
            ours, anew = (self.last.ours, self.last.anew) if self.last is not None else ((), frozenset[int]())
            share = self.last.share if self.last is not None and taken.as_left else None
            self.last = Written(taken.file, ours=ours, noted=True, keys_only=taken.keys_only, share=share, anew=anew)
            self.last = replace(self.last, as_left=taken.as_left, there=taken.there)

    def _item(self, template: str) -> Managed:
        return decisions.managed(self.path, template, self.rule)


def _text(found: File | None) -> str | None:
    return None if found is None else found.content.decode()
