"""Lives of real-looking files by chance in which their rule changes, too: `match`, `format` and the mode."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from rollout.content.documents.document import Array, Node, Object, Scalar, Unmergeable, find
from rollout.content.file_fault import FileFault
from rollout.model.action import Action
from rollout.model.inventory import FormatName, Mode
from tests.corpus import Named, Steps, places
from tests.random_lives import MATCHED, Fate, fate

_OTHER_KEYS = ("name", "id", "target", "image", "uses", "version", "zz1")
_MARKER = re.compile(r"rollout:(?:begin|end) \w+")  # its id may be a word of people, and is ours in it
_MODES = [Mode.MERGE] * 7 + [Mode.ABSENT, Mode.BLOCK, Mode.WHOLE]


class ChangingRules(Fate):
    """One file's life; `said` are the words that a template has said so far, which may be anybody's."""

    first: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()

    def change_rule(self) -> None:
        rule, chance = self.life.rule, self.chance
        match chance.choice(["match", "match", "format", "mode"]):
            case "match":
                rule = replace(rule, match=self.rule_match())
            case "format":
                known = self.kind.format or FormatName.YAML
                formats = [None, None, known, known]
                formats += [FormatName.YAML] if known in {FormatName.JSON, FormatName.JSONC} else []
                formats += [FormatName.INI] if known is FormatName.TOML else []
                rule = replace(rule, format=chance.choice(formats))
            case _:
                rule = replace(rule, mode=chance.choice(_MODES))
        self.life.rule = rule

    def rule_match(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        rules = MATCHED.get(Path(self.life.path).name, ()) or tuple(
            (".".join(steps), ("name",)) for steps, node in self._lists() if not any("." in step for step in steps)
        )
        kept = [one for one in rules if self.chance.random() < 0.7]
        if self.chance.random() < 0.5:
            return tuple(kept)
        return tuple((path, (self.chance.choice(_OTHER_KEYS),)) for path, _ in kept)

    def _lists(self) -> list[tuple[Steps, Array]]:
        """Return the lists of objects in the file that keys alone lead to."""
        try:
            root = self.kind.read((self.life.text or "").encode()).root
        except Unmergeable:
            return []
        found = [(steps, node) for steps, node in places(root) if isinstance(node, Array)]
        return [
            (steps, node)
            for steps, node in found
            if not any(step.startswith("[") for step in steps)
            and any(isinstance(part.value, Object) for part in node.parts)
        ]

    def change_template(self) -> None:
        lists = self._lists()
        if not lists or self.chance.random() < 0.3:
            with suppress(Unmergeable):  # a block may break a document
                super().change_template()
            return
        steps, node = self.chance.choice(lists)
        entries = [part.value for part in node.parts if isinstance(part.value, Object)]
        keys = [keys[0] for path, keys in self.life.rule.match if path.split(".")[-1] in {steps[-1], "*"}]
        entry = self._named(self.chance.choice(entries), [*keys, *_OTHER_KEYS, "repo"])
        if entry and not any(not isinstance(one, dict) for one in self._above(steps)):
            inner = self.named
            for step in steps[:-1]:
                inner = inner.setdefault(step, {})
            inner[steps[-1]] = [entry, *self.chance.choice([[], [{"name": "web", "zz": 1}]])]

    def _above(self, steps: Steps) -> list[Any]:
        found, inner = [], self.named
        for step in steps[:-1]:
            inner = inner.get(step, {})
            found.append(inner)
            if not isinstance(inner, dict):
                break
        return found

    def _named(self, node: Object, keys: list[str]) -> Named:
        """Return an entry that names another by one of its keys, and says more of it."""
        said: Named = {}
        for key in keys:
            part = find(node, key)
            value = None if part is None else _plain(part.value)
            if value is not None:
                said[key] = value
                break
        said[f"zz{self.chance.randint(1, 3)}"] = self.chance.choice([1, "x", ["p"], {"k": 1}])
        inside = [part for part in node.parts if isinstance(part.value, Array) and part.value.parts]
        if inside and self.chance.random() < 0.5:
            part = self.chance.choice(inside)
            entries = [one.value for one in part.value.parts if isinstance(one.value, Object)]  # type: ignore[union-attr]
            said[part.key] = [self._named(self.chance.choice(entries), keys)] if entries else ["zz9"]
        return said if len(said) > 1 else {}

    def roll_out(self) -> None:
        template = self.template()
        before = self.life.text or ""
        mode = self.life.rule.mode
        self.story.append(f"=== {mode.value} {self.life.rule.match} {self.life.rule.format}\n{template}")
        self.said |= _words(template)
        asked = len(self.life.asked)
        try:
            planned = self.life.rolled_out("" if mode is Mode.ABSENT else template)
        except FileFault:
            return  # the target is blocked
        after = self.life.text or ""
        if planned is None:
            self._hold(before == after, "what needs no change was changed")
            return
        self.story.append(f"--- {planned.action.value}: {planned.cause} {self.life.asked[asked:]}\n{after}")
        if planned.action is Action.ERROR:
            self._hold("a fault of rollout's own" not in planned.cause, planned.cause)
            self._hold(before == after, "what is blocked was changed")
            return
        if mode in {Mode.MERGE, Mode.ABSENT} and self.life.rule.format is not FormatName.INI and self._reads(before):
            self._hold(self._reads(after), "a document that could be read cannot any more")
        theirs = (self.first | set(self.theirs)) - self.said
        lost = (theirs & _words(before)) - _words(after)
        if planned.decided and not planned.takes_away:
            self._hold(not lost, f"{sorted(lost)} went without a question")
        again = self.life.plan("" if mode is Mode.ABSENT else template)
        self._hold(again is None, f"a second run finds {again and (again.action, again.cause)}")

    def _reads(self, text: str) -> bool:
        try:
            return bool(self.kind.read(text.encode()))
        except Unmergeable:
            return False


def _plain(node: Node) -> str | None:
    if not isinstance(node, Scalar) or node.odd or not node.meaning.startswith("str ") or "\n" in node.meaning:
        return None
    return node.meaning.removeprefix("str ")


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", _MARKER.sub("", text)))


def lived(file: Path, seed: int, *, steps: int = 7) -> None:
    """Live one life, and hold after every step that nothing that people wrote went without a question."""
    made = fate(file, seed)
    one = ChangingRules(made.life, made.kind, made.chance, shadow=made.shadow)
    one.first = _words(one.life.text or "")
    for _ in range(steps):
        if one.chance.random() < 0.4 and one.life.text:
            one.person()
        if one.chance.random() < 0.5:
            one.change_rule()
        if one.chance.random() < 0.6 and one.life.text:
            one.change_template()
        one.roll_out()
    one.life.rule = replace(one.life.rule, mode=Mode.ABSENT)
    one.roll_out()


def alone(file: Path, seed: int, *, steps: int = 6) -> None:
    """Let only `match` and the template change, and hold that `absent` gives back the file that was there at first."""
    made = fate(file, seed)
    one = ChangingRules(made.life, made.kind, made.chance, shadow=made.shadow)
    first = one.life.text
    for _ in range(steps):
        if one.chance.random() < 0.5:
            match = one.chance.choice([one.rule_match(), MATCHED.get(file.name, ())])
            one.life.rule = replace(one.life.rule, match=match)
        one.change_template()
        one.roll_out()
    asked = bool(one.life.asked)
    one.life.rule = replace(one.life.rule, mode=Mode.ABSENT)
    one.roll_out()
    if not asked and one.life.last is not None and one.life.last.file is not None:
        one._hold(one.life.text == first, f"it is not as it was at first:\n{first}")
