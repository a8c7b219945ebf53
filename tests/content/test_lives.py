"""Files that live: templates change, people write between, and nothing of theirs goes without being asked for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.corpus import written
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World

MATCHED = (("r", ("id",)),)

KINDS: dict[str, Any] = {
    "map": {"pr": "x"},
    "deep map": {"pr": {"q": ["x"]}},
    "list": ["pr"],
    "list of maps": [{"pr": 1}],
    "empty map": {},
    "empty list": [],
    "scalar": "pr",
}

PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "top": lambda value: {"on": value},
    "nested": lambda value: {"a": {"b": {"on": value, "x": 1}}},
    "entry": lambda value: {"r": [{"id": "e", "on": value}]},
}


def life(path: str, text: str | None) -> Life:
    return Life(path, text, FileRule(Mode.MERGE, match=MATCHED))


def _with_persons(value: Any) -> Any:
    return {**value, "bob": "his"} if isinstance(value, dict) else [*value, "bob"]


def _text(named: dict[str, Any], form: str) -> str:
    return written(named, form, compact=form != "toml").decode()


@pytest.mark.parametrize("form", ["yaml", "json", "toml"])
@first_rows(3, "had", [kind for kind, value in KINDS.items() if not isinstance(value, str)])
def test_a_persons_entry_never_goes_unasked_where_a_value_changes_its_kind(form: str, had: str) -> None:
    others = [kind for kind, value in KINDS.items() if type(value) is not type(KINDS[had])]
    for place, new in product(PLACES, others):
        _asked_for_before_it_goes(form, place, had, new)


def _asked_for_before_it_goes(form: str, place: str, had: str, new: str) -> None:
    named = PLACES[place]
    file = life(f"x.{form}", _text({"k": 0}, form))
    file.rolled_out(_text(named(KINDS[had]), form))
    file.text = _text({"k": 0, **named(_with_persons(KINDS[had]))}, form)
    planned = file.rolled_out(_text(named(KINDS[new]), form))
    assert planned is not None
    assert not planned.decided, planned
    if planned.action is Action.ERROR:
        assert "line " in planned.cause
        return
    assert "bob" not in str(file.text)
    file.rolled_out(_text({"z": 1}, form))
    assert "bob" in str(file.text), file.text


@pytest.mark.parametrize(
    ("template", "action"),
    [("a: 1\nc: 6\n", Action.ADOPT), ("a: 2\n", Action.UPDATE), ("a: 1\nc: 5\n", None), ("b: 2\n", Action.UPDATE)],
)
def test_a_value_that_rollout_never_wrote_is_asked_for_at_any_time(template: str, action: Action | None) -> None:
    file = life("x.yaml", "c: 5\n")
    file.rolled_out("a: 1\n")
    planned = file.plan(template)
    assert (planned.action if planned else None) is action


@pytest.mark.parametrize(
    ("before", "steps", "after", "asked"),
    [
        ("on: push\n", ["on: [push, pr]\n", ">on: [push, pr, wd]\n", "z: 1\n"], "on: [push, wd]\nz: 1\n", ["adopt"]),
        ("on: push\n", ["on: [push, pr]\n", "z: 1\n"], "on: push\nz: 1\n", ["adopt"]),
        ("on: push\n", ["on: [pr]\n", ">on: [pr, wd]\n", "z: 1\n"], "on: [wd]\nz: 1\n", ["adopt"] * 2),
        ("on: push\n", ["on: {pr: 1}\n", ">on: {pr: 1, wd: 2}\n", "z: 1\n"], "on: {wd: 2}\nz: 1\n", ["adopt"] * 2),
        ("on:\n", ["on: [pr]\n", ">on: [pr, wd]\n", "z: 1\n"], "on: [wd]\nz: 1\n", ["adopt"]),
        ("on: {b: 1}\n", ["on: [x]\n", "on: {b: 1, c: 2}\n", ">on: {b: 1, c: 2, d: 3}\n", "z: 1\n"],
         "on: {b: 1, d: 3}\nz: 1\n", ["adopt"]),
        ("on: {b: 1}\n", ["on: {c: 1}\n", "on: [x]\n", "z: 1\n"], "on: {b: 1}\nz: 1\n", ["adopt"]),
        ("k: 0\n", ["on: {c: 1}\n", ">k: 0\non: {c: 1, b: 1}\n", "on: [x]\n", "on: 7\n", "z: 1\n"],
         "k: 0\non: {b: 1}\nz: 1\n", ["adopt"]),
        ("r: [{id: a, x: 1}]\n", ["r: [{id: a, x: 2, y: 3}]\n", "z: 1\n"], "r: [{id: a, x: 1}]\nz: 1\n", ["adopt"]),
        ("r: [{id: a, x: 1}]\n", ["r: [{id: a, x: 2}, {id: b}]\n", "r: [{id: b}]\n"], "r: [{id: a, x: 1}, {id: b}]\n",
         ["adopt"]),
        ("r: [{id: a, x: 1}]\n", ["r: [{id: a, x: {c: 1}}]\n", ">r: [{id: a, m: 0, x: {c: 1}}]\n", "z: 1\n"],
         "r: [{id: a, m: 0, x: 1}]\nz: 1\n", ["adopt"]),
        ("k: 0\n", ["s: [x]\n", "s: []\n", "z: 1\n"], "k: 0\nz: 1\n", []),
        ("k: 0\n", ["s: {x: 1}\n", "s: {}\n", "z: 1\n"], "k: 0\nz: 1\n", []),
        ("k: 0\n", ["s: {x: [1]}\n", "s: {x: []}\n", "s: {}\n", "z: 1\n"], "k: 0\nz: 1\n", []),
        ("s: []\n", ["s: [x]\n", "s: []\n", "z: 1\n"], "s: []\nz: 1\n", []),
        ("s: 1\n", ["s: [x]\n", "s: []\n", "z: 1\n"], "s: 1\nz: 1\n", ["adopt"]),
        ("s: 1\n", ["s: {x: 1}\n", "s: {}\n", "z: 1\n"], "s: 1\nz: 1\n", ["adopt"]),
        ("l: &l {a: 1}\ns: {<<: *l, b: 1}\n", ["s: 7\n", ">l: &l {c: 1}\ns: 7\n", "z: 1\n"],
         "l: &l {c: 1}\ns: {<<: *l, b: 1}\nz: 1\n", ["adopt"]),
        ("a:\n  b:\n    - x # n\n  c: 1\n", ["a:\n  b: 1\n  d: 2\n", "a: 7\n", "z: 1\n"],
         "a:\n  b:\n    - x # n\n  c: 1\nz: 1\n", ["adopt", "adopt"]),
        ("s: [a]\n", ["s: [x]\n", ">s: [x]\n", "s: []\n", "z: 1\n"], "s: []\nz: 1\n", []),
    ],
)  # fmt: skip
def test_what_others_had_or_added_is_there_when_the_template_drops_a_key(
    before: str, steps: list[str], after: str, asked: list[str]
) -> None:
    file = life("x.yaml", before)
    assert file.lived(*steps) == after
    assert file.asked == asked
    assert file.plan(steps[-1]) is None


@pytest.mark.parametrize(
    ("name", "before", "steps", "after"),
    [
        ("x.yaml", "k: 0\n", ["s:\n  - x\n", "s:\n  - y\nb: 1\n"], "k: 0\ns:\n  - y\nb: 1\n"),
        ("x.yaml", "k: 0", ["s:\n  - x\n  - z\nc: 5\n", "s:\n  - |\n    y\nb: 1\n"], "k: 0\ns:\n  - |\n    y\nb: 1"),
        ("x.yaml", "k: 0\n", ["s:\n  x: 1\n", "s:\n  y: 2\nb: 1\n"], "k: 0\ns:\n  y: 2\nb: 1\n"),
        ("x.yaml", "k: 0\r\n", ["s:\n- x: 1\n", "s:\n- y: 2\nb:\n- 1\n"], "k: 0\r\ns:\r\n- y: 2\r\nb:\r\n- 1\r\n"),
        ("x.yaml", "k: 0", ["s:\n- x\n", "s:\n- |\n  y\n"], "k: 0\ns:\n- |\n  y\n"),
        ("x.yaml", "a: |-\n  text", ["b: |\n  q\n", "a: |\n  new\n"], "a: |\n  new\n"),
        ("x.yaml", "k: 0\na: |\n  text", ["a: |\n  other\n"], "k: 0\na: |\n  other\n"),
    ],
)  # fmt: skip
def test_all_of_a_block_may_be_replaced_while_keys_follow(name: str, before: str, steps: list[str], after: str) -> None:
    file = life(name, before)
    assert file.lived(*steps) == after
    assert file.plan(steps[-1]) is None
    assert file.lived("# nothing\n") == before


@pytest.mark.parametrize(
    ("before", "steps", "after"),
    [
        ("a: 1   # his\n", ["a: 2  # ours\n"], "a: 2   # his\n"),
        ("a:   # his\n  b: 1\n", ["a: 2  # ours\n"], "a: 2   # his\n"),
        ("a: 1   # his\n", ["a:  # ours\n  b: 2\n"], "a:   # his\n  b: 2\n"),
        ("a: 1\n", ["a: 2  # ours\n"], "a: 2  # ours\n"),
        ("a: 1\n", ["a: 2  # ours\n", "a: 3 # new\n"], "a: 3 # new\n"),
        ("a: 1\n", ["a: 2  # ours\n", "a:\n  b: 3\n", "a: # more\n- 1\n"], "a: # more\n- 1\n"),
        ("a: 1\n", ["a:  # ours\n  b: 3\n", "a: 4\n"], "a: 4\n"),
    ],
)
def test_a_comment_of_the_template_stays_apart_from_that_of_a_person(before: str, steps: list[str], after: str) -> None:
    file = life("x.yaml", before)
    assert file.lived(*steps) == after
    assert file.lived("# nothing\n") == before


@pytest.mark.parametrize(
    ("name", "before", "steps"),
    [
        ("x.yaml", "a: '3'  # c\n", ["a: 3\n", 'a: "3"\n']),
        ("x.yaml", "a:   [ x ]\n", ["a: {y: 1}\n", "a:\n- x\n"]),
        ("x.json", '{"a": 1e2}', ['{"a": 2}', '{"a": 100}']),
        ("x.json", '{"a":  [ "x" ]}', ['{"a": {"b": 1}}', '{"a": ["x"]}']),
        ("x.toml", "a = 'x'\n", ["a = 1\n", 'a = "x"\n']),
        ("x.ini", "[a]\nb=  1\n", ["[a]\nb = 2\n", "[a]\nb = 1\n"]),
    ],
)
def test_what_others_had_comes_back_as_they_spelled_it_where_the_template_says_so_again(
    name: str, before: str, steps: list[str]
) -> None:
    file = life(name, before)
    assert file.lived(*steps) == before
    assert file.plan(steps[-1]) is None


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("before", ["mine", "mine\n", "mine\n\n"])
def test_a_block_that_goes_away_takes_the_line_end_along_that_came_with_it(before: str, newline: str) -> None:
    before = f"first\n{before}".replace("\n", newline)
    file = Life("x.md", before, FileRule(Mode.BLOCK))
    file.lived("ours\n", "ours, again\n")
    file.text = str(file.text).replace("mine", "changed")
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == before.replace("mine", "changed")
    assert file.asked == ["adopt"]


def test_what_a_person_wrote_below_a_block_keeps_the_line_end_above_it() -> None:
    file = Life("x.md", "mine", FileRule(Mode.BLOCK))
    file.rolled_out("ours\n")
    file.text = f"{file.text}below\n"
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == "mine\n\nbelow\n"


@pytest.mark.parametrize("body", ["   quoted\n\ntext\n", "\n  quoted\n", "\tquoted"])
def test_a_block_of_restructured_text_that_its_marker_would_swallow_is_refused(body: str) -> None:
    file = Life("x.rst", "mine\n", FileRule(Mode.BLOCK))
    refused = file.plan(body)
    assert refused is not None
    assert refused.action is Action.ERROR
    assert "begin it with the line `..`" in refused.cause
    allowed = file.plan(f"..\n\n{body}")
    assert allowed is not None
    assert allowed.action is Action.ADOPT


@pytest.mark.parametrize(
    ("before", "template", "theirs", "after"),
    [
        ("z: 0\n", "a: 1\n", "z: 0\na: 5\n", "z: 0\n"),
        ("z: 0\n", "a: {b: 1}\n", "z: 0\na: 5\n", "z: 0\n"),
        ("z: 0\na: 1\n", "a: 1\n", "z: 0\na: 5\n", "z: 0\na: 1\n"),
        ("z: 0\na: 1\n", "a: 1\nc: 2\n", "z: 0\na: 5\nc: 2\n", "z: 0\na: 1\n"),
        ("z: 0\na: '3' # his\n", "a: 1\n", "z: 0\na: 5 # his\n", "z: 0\na: '3' # his\n"),
        ("z: 0\na: {b: 3}\n", "a: {b: 1}\n", "z: 0\na: {b: 5}\n", "z: 0\na: {b: 3}\n"),
    ],
)
@pytest.mark.parametrize("again", [1, 2])
def test_a_value_of_others_that_was_overwritten_as_drift_does_not_come_back(
    before: str, template: str, theirs: str, after: str, again: int
) -> None:
    file = life("x.yaml", before)
    file.lived(template, *([f">{theirs}", template] * again))
    assert file.asked[-again:] == ["drift"] * again
    assert file.lived("{}\n") == after


def test_a_value_that_others_set_while_no_template_named_it_comes_back() -> None:
    file = life("x.yaml", "z: 0\na: 1\n")
    assert file.lived("c: 1\n", ">z: 0\na: 5\nc: 1\n", "a: 2\nc: 1\n", "c: 1\n") == "z: 0\na: 5\nc: 1\n"


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_an_equal_key_that_was_overwritten_as_drift_stays_as_others_had_it_first(world: World, kind: str) -> None:
    place = world.root / "shared/s.yaml"
    place.parent.mkdir()
    head = ""
    (world.root / "templates/project/conf.txt.j2").unlink()
    if kind == "folder":
        place.write_text("a: 1\nz: 0\n")
        head = "folders: {api: {path: shared, templates: [project]}}\n"
    else:
        world.repo("api", {"s.yaml": "a: 1\nz: 0\n"})
    world.tail = f"{head}files: {{s.yaml: {{mode: merge}}}}\n"
    world.template("project/s.yaml", "a: 1\n")
    assert world.run("apply", "--yes").code == 0
    if kind == "folder":
        place.write_text("a: 5\nz: 0\n")
    else:
        world.elsewhere("api", {"s.yaml": "a: 5\nz: 0\n"})
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
    world.template("project/s.yaml", "{}\n")
    assert world.run("apply", "--yes").code == 0
    assert (place.read_text() if kind == "folder" else world.at("api", "s.yaml")) == "a: 1\nz: 0\n"
