"""Lives of real-looking files by chance: templates and people change keys, entries and comments in turn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path, PurePosixPath
from random import Random
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.content.documents import formats, merge
from rollout.content.documents.document import (
    Amend,
    Array,
    Node,
    Object,
    Scalar,
    Span,
    Unmergeable,
    applied,
    find,
    meaning,
)
from rollout.content.documents.key_path import KeyPath
from rollout.content.documents.lines import apart, ended
from rollout.content.documents.match import match_for, named_parts
from rollout.content.documents.ours.past import Ours
from rollout.content.documents.places import at, nodes
from rollout.model.action import Action
from rollout.model.inventory import FileRule, FormatName, Mode
from tests.corpus import FOLDER, Named, Steps, places, written
from tests.lives import Life
from tests.quirks import quirky

LIVED = FOLDER / "lived"

MATCHED = {
    "deployment.yaml": (
        ("spec.template.spec.containers", ("name",)),
        ("spec.template.spec.containers[].env", ("name",)),
    ),
    "precommit.yaml": (("repos", ("repo",)), ("repos[].hooks", ("id",))),
    "release.yml": (("jobs.*.steps", ("name",)),),
    "Chart.yaml": (("dependencies", ("name",)),),
    "renovate.json": (("packageRules", ("matchPackageNames",)),),
}

NAMES = {
    "claude.json": ".claude/settings.json",
    "prettierrc.yaml": ".prettierrc",
    "gitconfig": ".gitconfig",
    "npmrc": ".npmrc",
    "twice.editorconfig": ".editorconfig",
}
FORMS = {
    "prettierrc.yaml": FormatName.YAML,
    "gitconfig": FormatName.INI,
    "npmrc": FormatName.INI,
    "twice.editorconfig": FormatName.INI,
    "app.service": FormatName.INI,
}

FILES = sorted(
    file
    for folder in (FOLDER, LIVED)
    for file in folder.iterdir()
    if file.is_file() and file.suffix not in {".py", ".pyc"}
)

SINGLE: list[Any] = ["x", 7, True, "3", "a: b #c", "*.{md,rst}", "two\nlines\n", "é", 1.5, ""]
MANY: list[Any] = [
    {},
    [],
    ["p", "q"],
    ["p"],
    {"k": 1},
    {"k": {"l": ["m"]}, "n": "o"},
    [{"a": 1, "b": [2]}],
    {"push": {}},
]


class Doubt(AssertionError):
    """A promise that was broken, with all steps that led there."""


class Fate(Struct):
    """One file's life, with what its template names and the words that people wrote into it."""

    life: Life
    kind: merge.MergedFile
    chance: Random
    named: Named = field(default_factory=dict)
    theirs: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    shadow: str = ""  # the file as it would be if there were no templates
    touched: bool = False
    number: int = 0
    filled: set[KeyPath] = field(default_factory=set)  # empty brackets that became lines of the template

    @property
    def form(self) -> FormatName:
        assert self.kind.format is not None
        return FormatName.JSON if self.kind.format is FormatName.JSONC else self.kind.format

    # --- what the template says

    def template(self) -> str:
        return self.written()

    def written(self, *, spread: bool = False) -> str:
        return written(self.named, self.form, compact=self.chance.random() < 0.4, spread=spread).decode()

    def change_template(self) -> None:
        leaves = list(_leaves(self.named, ()))
        if leaves and self.chance.random() < 0.55:
            steps = self.chance.choice(leaves)
            if self.chance.random() < 0.5:
                _drop(self.named, steps)
            else:
                _put(self.named, steps, self._value(steps))
            return
        document = self.kind.read((self.life.text or "").encode())
        objects = [(steps, node) for steps, node in places(document.root) if isinstance(node, Object)]
        if self.form == "ini":
            objects = [(steps, node) for steps, node in objects if steps or self.chance.random() < 0.2] or objects
        steps, node = self.chance.choice(objects)
        keys = [part.key for part in node.parts if part.key[:1] not in {"!", "?", "["} and part.key not in {"", "<<"}]
        new = f"zz{self.chance.randint(1, 4)}"
        key = self.chance.choice(keys) if keys and self.chance.random() < 0.4 else new
        if self.form == "ini" and not steps and self.chance.random() < 0.5:
            steps, key = ("[zz]",), new
        _put(self.named, (*steps, key), self._value((*steps, key)))

    def _value(self, steps: Steps) -> Any:
        if self.form == "ini":
            return self.chance.choice(["1", "a b", "x"])
        value = self.a_value()
        keys = self.kind.match.keys(steps)
        if keys and self.chance.random() < 0.8:
            said = ["web", "e1"] if keys != ("matchPackageNames",) else [["node"], ["e1"]]
            value = [{key: self.chance.choice(said) for key in keys} | {"zz": self.chance.choice(SINGLE)}]
        return value

    def a_value(self) -> Any:
        choices = SINGLE if self.chance.random() < 0.5 else MANY
        return self.chance.choice(choices)

    # --- what a person does

    def person(self) -> None:
        deed = self.chance.choice([self._comment, self._add, self._add, self._change, self._remove, self._entry])
        before = self.life.text or ""
        try:
            text = deed(before)
            self.kind.read(text.encode())
        except (Unmergeable, IndexError):
            return
        if text != before:
            self.life.text = text
            self.story.append(f">>> {deed.__name__}\n{text}")

    def _word(self) -> str:
        self.number += 1
        return f"mine{self.number}"

    def _comment(self, text: str) -> str:
        word = self._word()
        mark = "// " if self.form == "json" else "# "
        lines = text.splitlines(keepends=True)
        number = self.chance.randrange(len(lines) + 1)
        newline = "\r\n" if "\r\n" in text else "\n"
        above = lines[number] if number < len(lines) else ""
        indent = above[: len(above) - len(above.lstrip(" \t"))]
        changed = "".join([*lines[:number], f"{indent}{mark}{word}{newline}", *lines[number:]])
        same = self.kind.read(changed.encode())
        if meaning(same.root) != meaning(self.kind.read(text.encode()).root) or word not in str(
            [changed[s:e] for s, e in same.comments]
        ):
            return text
        self.theirs.append(word)
        return changed

    def _merged(self, text: str, steps: Steps, value: Any) -> str:
        inner: Named = {}
        _put(inner, steps, value)
        template = written(inner, self.form, compact=True)
        return merge.merged(text.encode(), template, Ours(), self.kind).decode()

    def _added(self, text: str, steps: Steps, value: Any) -> str:
        changed = self._merged(text, steps, value)
        try:
            self.shadow = self._merged(self.shadow, steps, value)
        except Unmergeable:
            self.touched = True
        return changed

    def _add(self, text: str) -> str:
        root = self.kind.read(text.encode()).root
        objects = [steps for steps, node in places(root) if isinstance(node, Object)]
        word = self._word()
        changed = self._added(text, (*self.chance.choice(objects), word), word)
        self.theirs.append(word)
        return changed

    def _entry(self, text: str) -> str:
        root = self.kind.read(text.encode()).root
        lists = [steps for steps, node in places(root) if isinstance(node, Array) and node.style != "tables"]
        word = self._word()
        steps = self.chance.choice(lists)
        keys = self.kind.match.keys(steps)
        changed = self._added(text, steps, [dict.fromkeys(keys, word) if keys else word])
        self.theirs.append(word)
        return changed

    def _change(self, text: str) -> str:
        root = self.kind.read(text.encode()).root
        found = [
            (*steps, part.key)
            for steps, node in places(root)
            if isinstance(node, Object)
            for part in node.parts
            if isinstance(part.value, Scalar) and part.key[:1] not in {"!", "?", "["} and part.key not in {"", "<<"}
        ]
        word = self._word()
        changed = self._merged(text, self.chance.choice(found), word)
        self.touched = True
        self.theirs = [known for known in self.theirs if known in changed] + [word]
        return changed

    def _remove(self, text: str) -> str:
        document = self.kind.read(text.encode())
        found = [node for _, node in places(document.root) if isinstance(node, Object) and len(node.parts) > 1]
        container = self.chance.choice(found)
        form = self.kind.form
        operation = Amend(container, (self.chance.randrange(len(container.parts)),))
        edits = form.edits(document, self.kind.read(formats.empty(self.form)), [operation], document.comments)
        changed = applied(document.text, ended(document.text, apart(document.text, edits)))
        changed = ("\ufeff" if text.startswith("\ufeff") else "") + changed
        self.touched = True
        self.theirs = [known for known in self.theirs if known in changed]
        return changed

    # --- what must hold

    def roll_out(self) -> None:
        template = self.template()
        before = self.life.text or ""
        self.story.append(f"=== template\n{template}")
        planned = self.life.rolled_out(template)
        after = self.life.text or ""
        if planned is None:
            self._hold(before == after, "what needs no change was changed")
            return
        self.story.append(f"--- {planned.action.value}: {planned.cause}\n{after}")
        self.filled |= self._in_brackets(before).keys() & self._in_lines(after)
        if planned.action is Action.ERROR:
            self._hold("a fault of rollout's own" not in planned.cause, planned.cause)
            self._hold("line " in planned.cause, f"no line: {planned.cause}")
            self._hold(before == after, "what is blocked was changed")
            return
        lost = [word for word in self.theirs if word in before and word not in after]
        if planned.decided:
            self._hold(not lost, f"{lost} went without a question")
        self.theirs = [word for word in self.theirs if word not in lost]
        again = self.life.plan(template)
        self._hold(again is None, f"a second run finds {again and (again.action, again.cause)}")
        nameless = [
            place for place in self._nameless(after) if place not in self._nameless(before, template, self.shadow)
        ]
        self._hold(not nameless, f"{nameless} has lost the keys that name it")
        self._says(template, after)

    def end(self, first: str) -> None:
        """Drop everything that the template names, and hold what must be left; the same goes for `mode: absent`."""
        gone = replace(self.life, rule=replace(self.life.rule, mode=Mode.ABSENT), asked=[])
        self.named = {}
        last = self.life.last
        untouched = last is not None and last.file is not None and last.file.content.decode() == self.life.text
        unasked = untouched and not self.life.asked
        self.roll_out()
        self._hold(not unasked or not self.life.asked, "it asks although only what it wrote goes")
        left = self.life.text or ""
        if not self.theirs and not self.touched and self.number == 0:
            self._hold(left == first, f"it is not as it was at first:\n{first}")
        if self.touched or self.life.asked:
            return
        rest, lasting = iter(left), self._lasting(first, left)
        self._hold(all(c in rest for c in lasting), f"of what was there at first something is gone:\n{first}")
        said, alone = (meaning(self.kind.read(text.encode()).root) for text in (left, self.shadow))
        self._hold(said == alone, f"it does not say what people wrote alone:\n{self.shadow}")
        gone.rolled_out("")
        self._hold(gone.asked or gone.text == left, f"`absent` leaves something else:\n{gone.text}")

    def _lasting(self, first: str, left: str) -> str:
        """Return the file as it was at first, without the brackets in whose stead people wrote on in our lines."""
        empty, lines = self._in_brackets(first), self._in_lines(left)
        mark = len(first) - len(self.kind.read(first.encode()).text)  # what is read begins behind a byte order mark
        gone = sorted((empty[place] for place in self.filled & empty.keys() & lines), reverse=True)
        for start, end in gone:
            first = first[: mark + start] + first[mark + end :]
        return first

    def _in_brackets(self, text: str) -> dict[KeyPath, Span]:
        """Return what stands empty between brackets."""
        return {
            place: (node.start, node.end)
            for place, node in nodes(self.kind.read(text.encode()).root, self.kind.match).items()
            if isinstance(node, Object | Array) and node.style == "flow" and not node.parts
        }

    def _in_lines(self, text: str) -> set[KeyPath]:
        """Return what stands in lines of its own, without brackets."""
        found = nodes(self.kind.read(text.encode()).root, self.kind.match)
        return {place for place, node in found.items() if node.style == "block"}

    def _nameless(self, *texts: str) -> list[KeyPath]:
        """Return the entries of matched lists that have none of the keys that name them."""
        match = self.kind.match
        return [
            (*steps, name)
            for text in texts
            for steps, node in places(self.kind.read(text.encode()).root)
            if isinstance(node, Array) and match.keys(steps)
            for name, part in named_parts(node, match, steps)
            if isinstance(part.value, Object) and not any(find(part.value, key) for key in match.keys(steps))
        ]

    def _says(self, template: str, after: str) -> None:
        root = self.kind.read(after.encode()).root
        for steps in _leaves(self.named, ()):
            wanted = at(self.kind.read(template.encode()).root, steps, self.kind.match)
            there = at(root, steps, self.kind.match)
            if isinstance(wanted, Scalar):
                self._hold(there is not None and _same(wanted, there), f"{steps} does not say what the template says")

    def _hold(self, promise: object, said: str) -> None:
        if not promise:
            raise Doubt("\n".join([*self.story[-9:], f"!!! {self.life.path}: {said}"]))


def _same(one: Node, other: Node) -> bool:
    return meaning(one) == meaning(other)


def _leaves(named: Named, above: Steps) -> Iterator[Steps]:
    for key, value in named.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key)


def _put(named: Named, steps: Steps, value: Any) -> None:
    inner = named
    for step in steps[:-1]:
        if not isinstance(inner.get(step), dict):
            inner[step] = {}
        inner = inner[step]
    inner[steps[-1]] = deepcopy(value)


def _drop(named: Named, steps: Steps) -> None:
    if len(steps) > 1:
        _drop(named[steps[0]], steps[1:])
        if not named[steps[0]]:
            del named[steps[0]]
    else:
        del named[steps[0]]


def fate(file: Path, seed: int, how: type[Fate] = Fate) -> Fate:
    match = MATCHED.get(file.name, ())
    name = NAMES.get(file.name, "settings.json" if file.name == "settings.json" else file.name)
    chance, text = Random(f"{file.name}{seed}"), file.read_bytes().decode()
    words = sorted(set(re.findall(r"[A-Za-z][A-Za-z0-9]*", text))) or ["project"]
    block_id = chance.choice([None, "mine1", "zz", chance.choice(words)])  # a set may be called like a word of the file
    rule = FileRule(Mode.MERGE, match=match, format=FORMS.get(file.name), block_id=block_id)
    path = PurePosixPath(".claude/settings.json" if name == "settings.json" else name)
    kind = merge.MergedFile(path, formats.format_of(path, rule.format), match_for(path, dict(match)))
    return how(Life(str(path), text, rule), kind, chance, shadow=text)


def lived(file: Path, seed: int, *, steps: int = 6, people: bool = True) -> None:
    """Live one life, and hold what is promised after every step and at its end."""
    one = fate(file, seed)
    first = one.life.text
    for _ in range(steps):
        if people and one.chance.random() < 0.5:
            one.person()
        one.change_template()
        one.roll_out()
    one.end(first or "")


def lived_with_quirks(file: Path, seed: int, *, steps: int = 4) -> None:
    """Live the life of a file with quirks, if there is one that can be read."""
    one = fate(file, seed)
    text = quirky(one.life.text or "", one.form, one.chance)
    try:
        plain = re.sub(r"(#|//|;).*", "", text).strip()
        one.kind.read(text.encode())
    except Unmergeable:
        return
    if not plain:
        return  # a file of nothing but blanks or comments may be made anew
    one.life.text = one.shadow = text
    for _ in range(steps):
        one.change_template()
        one.roll_out()
        if one.story[-1].startswith("--- error"):
            return
    one.end(text)
