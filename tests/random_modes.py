"""Lives of small files by chance: the mode, the template and the lines of people change in turn."""

from __future__ import annotations

import json
from random import Random

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.inventory import FileRule, FormatName, Mode
from rollout.model.plan import Change
from tests.lives import Life

_DOCUMENTS = {"x.yaml": "{key}: {value}\n", "x.toml": '{key} = "{value}"\n', "x.ini": "{key} = {value}\n", "x.json": ""}
_TOLD = {f"{form.value}.conf": form for form in FormatName if form is not FormatName.JSONC}
"""Names that say no format: it is told while the file is merged, and mostly left out with any other mode."""

_DOCUMENTS |= {path: _DOCUMENTS[f"x.{form.value}"] for path, form in _TOLD.items()}
_KEYS = [f"ours{number}" for number in range(1, 5)]
_TEXTS = {"R.md": "{key} {value}\n", "Makefile": "{key} {value}\n"}
_LINES = _DOCUMENTS | _TEXTS


class ChangingModes(Struct):
    """One file's life, with the words that people wrote into it and what its template names."""

    life: Life
    chance: Random
    named: dict[str, str] = field(default_factory=dict)
    theirs: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    number: int = 0
    over: bool = False  # whether what others had was written over

    @property
    def form(self) -> str:
        told = _TOLD.get(self.life.path)
        return self.life.path if told is None else f"x.{told.value}"

    def template(self) -> str:
        if self.form == "x.json":
            return json.dumps(self.named, indent=2) + "\n"
        lines = "".join(self._line(key, value) for key, value in self.named.items())
        return ("[s]\n" if self.form == "x.ini" else "") + lines or ("{}\n" if self.form == "x.yaml" else "")

    def _line(self, key: str, value: str) -> str:
        """Return the line of a key; above some values stands a comment."""
        comment = f"# why{value[1:]}\n" if value in {"v1", "v2", "v3"} and self.form in _DOCUMENTS else ""
        return comment + _LINES[self.form].format(key=key, value=value)

    def change_template(self) -> None:
        key = f"ours{self.chance.randint(1, 4)}"
        if key in self.named and self.chance.random() < 0.4:
            del self.named[key]
        else:
            self.named[key] = f"v{self.chance.randint(1, 9)}"

    def change_mode(self) -> None:
        modes = [Mode.WHOLE, Mode.ABSENT, Mode.ONCE]
        modes += [Mode.MERGE, Mode.MERGE] if self.form in _DOCUMENTS else []
        modes += [Mode.BLOCK] if self.form != "x.json" else []
        mode = self.chance.choice(modes)
        told = _TOLD.get(self.life.path) if mode is Mode.MERGE or self.chance.random() < 0.3 else None
        self.life.rule = replace(self.life.rule, mode=mode, format=told)
        if len(self.named) > 1 and self.chance.random() < 0.3:
            del self.named[self.chance.choice(list(self.named))]

    def person(self) -> None:
        """Write a line, or a comment, anywhere between the others."""
        if self.life.text in {None, "{}\n"} or self.form == "x.json":
            return
        self.number += 1
        word = f"mine{self.number}"
        lines = str(self.life.text).splitlines(keepends=True)
        number = self.chance.randint(min(len(lines), self.form == "x.ini"), len(lines))
        comment = self.chance.random() < 0.3 and self.form != "R.md"
        new = f"# {word}\n" if comment else _LINES[self.form].format(key=word, value="1")
        self.life.text = "".join([*lines[:number], new, *lines[number:]])
        self.theirs.append(word)
        self.story.append(f"> {self.life.text!r}")

    def roll_out(self) -> None:
        template, before = self.template(), self.life.text
        planned = self.life.rolled_out(template)
        told = planned and (planned.action.value, planned.cause)
        self.story.append(f"{self.life.rule.mode.value} {template!r} {told}: {self.life.text!r}")
        if planned is None or planned.action is Action.ERROR:
            assert planned is None or "a fault of rollout's own" not in planned.cause, self.told
            assert self.life.text == before, self.told
            self._has_nothing_old(planned)
            return
        self._keeps(planned, before or "", self.life.text or "")
        self._has_nothing_old(planned)
        assert self.life.plan(template) is None, f"a second run finds something\n{self.told}"

    def _has_nothing_old(self, planned: Change | None) -> None:
        """Hold that what left the template left the file; not yet where we wrote over what others had."""
        if planned is not None and not planned.decided:
            self.over = self.over or self.life.rule.mode is Mode.WHOLE or planned.action is Action.DRIFT
        if self.life.rule.mode is Mode.ONCE or self.over or (planned is not None and planned.action is Action.ERROR):
            return
        if planned is None and self.life.rule.mode is Mode.ABSENT:
            return  # of a text without markers, what others changed stays whole
        left = [key for key in _KEYS if key in (self.life.text or "") and key not in self.named]
        assert not left, f"{left} left the template and stay\n{self.told}"

    def _keeps(self, planned: Change, before: str, after: str) -> None:
        lost = [word for word in self.theirs if word in before and word not in after]
        assert not lost or not planned.decided or planned.takes_away, f"{lost} went without a question\n{self.told}"
        self.theirs = [word for word in self.theirs if word not in lost]
        if self.life.rule.mode not in {Mode.BLOCK, Mode.ONCE}:
            assert "rollout:" not in after, f"markers stay in another mode\n{self.told}"
        assert after.count("rollout:begin") <= 1, f"the block is there twice\n{self.told}"

    def end(self) -> None:
        """Want the file absent, and hold that what people wrote stays, where nobody was asked."""
        asked = len(self.life.asked)
        self.life.rule = replace(self.life.rule, mode=Mode.ABSENT)
        self.life.rolled_out("")
        left = self.life.text or ""
        self.story.append(f"absent: {left!r}")
        assert "rollout:" not in left, self.told
        assert len(self.life.asked) > asked or all(word in left for word in self.theirs), self.told

    @property
    def told(self) -> str:
        return "\n".join([self.life.path, *self.story])


def lived(seed: int) -> None:
    """Live one life, and hold what is promised after every step and at its end."""
    chance = Random(seed)
    path = chance.choice(list(_LINES))
    one = ChangingModes(Life(path, None, FileRule()), chance)
    if chance.random() < 0.7:
        one.named, one.theirs = {"mine0": "1"}, ["mine0"]
        one.life.text, one.named = one.template(), {}
    one.change_mode()
    for _ in range(chance.randint(3, 7)):
        if chance.random() < 0.4:
            one.person()
        if chance.random() < 0.5:
            one.change_mode()
        if chance.random() < 0.6 or not one.named:
            one.change_template()
        one.roll_out()
    one.end()
