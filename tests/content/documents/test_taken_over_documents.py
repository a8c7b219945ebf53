"""Documents that others wrote just as a template asks: only the named keys are ours, and the base is what was there."""

from __future__ import annotations

import itertools

import pytest
from ruamel.yaml import YAML

from rollout.model.action import Action
from rollout.model.inventory import FileRule, FormatName, Mode
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World

_FILES = {
    "a.json": ('{"a": 1, "c": 3}\n', ["{}\n", '{"a": 1}\n'], '{"a": 1, "c": 2}\n'),
    "a.yaml": ("a: 1\nc: 3\n", ["{}\n", "", "a: 1\n"], "a: 1\nc: 2\n"),
    "a.toml": ("a = 1\nc = 3\n", ["", "a = 1\n"], "a = 1\nc = 2\n"),
    "a.ini": ("[s]\na=1\nc=3\n", ["", "[s]\na=1\n"], "[s]\na=1\nc=2\n"),
}
_CASES = [(path, text, first, then) for path, (text, firsts, then) in _FILES.items() for first in firsts]


@pytest.mark.parametrize(("path", "text", "first", "then"), _CASES)
def test_a_key_that_others_had_is_an_adoption_when_it_is_named_later(
    path: str, text: str, first: str, then: str
) -> None:
    file = Life(path, text, FileRule(Mode.MERGE))
    assert file.rolled_out(first) is None
    planned = file.rolled_out(then)
    assert planned is not None
    assert (planned.action, planned.cause) == (Action.ADOPT, "it would change values that rollout never wrote")
    assert file.lived(first) == text


def test_a_key_that_others_added_since_our_write_is_an_adoption_when_it_is_named() -> None:
    file = Life("a.yaml", "x: 1\n", FileRule(Mode.MERGE))
    file.lived("a: 1\n", ">x: 1\na: 1\nc: 3\n")
    planned = file.plan("a: 1\nc: 2\n")
    assert planned is not None
    assert planned.action is Action.ADOPT


@pytest.mark.parametrize("changed", ["4", "2.5"])
@pytest.mark.parametrize(("path", "text", "first", "then"), _CASES)
def test_it_is_one_too_where_they_changed_it_since_the_file_was_taken_over(
    path: str, text: str, first: str, then: str, changed: str
) -> None:
    file = Life(path, text, FileRule(Mode.MERGE))
    file.rolled_out(first)
    file.text = text.replace("3", changed)
    planned = file.rolled_out(then)
    assert planned is not None
    assert (planned.action, planned.cause) == (Action.ADOPT, "it would change values that rollout never wrote")
    assert file.lived(first) == text.replace("3", changed)


def test_it_is_one_too_where_they_changed_it_since_our_write() -> None:
    file = Life("a.yaml", "c: 3\n", FileRule(Mode.MERGE))
    file.lived("a: 1\n", ">c: 4\na: 1\n")
    planned = file.plan("a: 1\nc: 2\n")
    assert planned is not None
    assert planned.action is Action.ADOPT
    file.text = "c: 4\na: 5\n"
    both = file.plan("a: 1\nc: 2\n")
    assert both is not None
    assert both.action is Action.DRIFT


def test_a_named_key_that_others_changed_since_it_was_taken_over_is_drift() -> None:
    file = Life("a.yaml", "a: 1\nc: 3\n", FileRule(Mode.MERGE))
    file.rolled_out("a: 1\n")
    file.text = "a: 2\nc: 3\n"
    planned = file.plan("a: 1\n")
    assert planned is not None
    assert planned.action is Action.DRIFT
    assert planned.base is not None
    assert planned.base.content == b"a: 1\nc: 3\n"


@pytest.mark.parametrize("first", ["{}\n", "a: 1\n"])
@pytest.mark.parametrize(("mode", "action"), [(Mode.WHOLE, Action.ADOPT), (Mode.ABSENT, None)])
def test_the_rest_of_a_document_stays_others_in_every_mode(first: str, mode: Mode, action: Action | None) -> None:
    file = Life("a.yaml", "a: 1\nc: 3\n", FileRule(Mode.MERGE))
    file.rolled_out(first)
    file.rule = FileRule(mode)
    planned = file.plan("b: 1\n")
    assert (planned.action if planned else None) is action


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_a_key_that_a_colleague_had_is_adopted_when_it_is_named_later(world: World, kind: str) -> None:
    before, head = '{"a": 1, "c": 3}\n', ""
    if kind == "folder":
        (world.root / "shared").mkdir()
        (world.root / "shared/a.json").write_text(before)
        head = "folders: {api: {path: shared, templates: [project]}}\n"
    else:
        world.repo("api", {"a.json": before})
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.tail = f"{head}files: {{a.json: {{mode: merge}}}}\n"
    world.template("project/a.json", '{"a": 1}\n')
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    world.template("project/a.json", '{"a": 1, "c": 2}\n')
    assert world.run("apply", "--yes").code == 4
    assert world.run("apply", "--yes", "--adopt").code == 0
    there = world.at("api", "a.json") if kind == "branch" else (world.root / "shared/a.json").read_text()
    assert there == '{"a": 1, "c": 2}\n'


_IN_BLOCKS = {
    "y: |\n    a\n    b\n": 'y: "a\\nb\\n"',
    "y: >-\n    a\n    b\n": 'y: "a b"',
    "y: |+\n    a\n\n": 'y: "a\\n\\n"',
    "y:\n  - |\n    a\n": 'y: ["a\\n"]',
    "y: a, b}\n": 'y: "a, b}"',
    "y: a\n    b\n": 'y: "a b"',
    "y:\n    - a\n    - {b: 1}\n": "y: [a, {b: 1}]",
    "y:\n  - a\n  - b: 1\n    c: '2'\n": "y: [a, {b: 1, c: '2'}]",
    "y:\n    a: 1\n    b:\n      - x, y\n": 'y: {a: 1, b: ["x, y"]}',
    "y: 'a, b'\n": "y: 'a, b'",
    "y: {a:   1}\n": "y: {a:   1}",
    "y: d\n": "y: d",
}


@pytest.mark.parametrize(("theirs", "then"), _IN_BLOCKS.items())
def test_what_others_had_in_a_block_comes_back_between_the_brackets_that_they_write_later(
    theirs: str, then: str
) -> None:
    file = Life("x.yaml", f"m:\n  x: 1\n  {theirs}", FileRule(Mode.MERGE))
    file.lived("m: {y: c}\n")
    file.text = "m: { x: 1, y: c }\n"
    assert file.lived("{}\n") == f"m: {{ x: 1, {then} }}\n"


@pytest.mark.parametrize(("written", "formatted"), [("{} = {}", "{}={}"), ("{}={}", "{} = {}"), ("{}: {}", "{}:  {}")])
def test_what_comes_back_stands_behind_the_delimiter_as_others_have_it_now(written: str, formatted: str) -> None:
    def text(how: str, value: str) -> str:
        return f"[run]\n{how.format('branch', value)}\n"

    file = Life(".coveragerc", text(written, "True"), FileRule(Mode.MERGE, format=FormatName.INI))
    file.lived("[run]\nbranch = False\n", ">" + text(formatted, "False"))
    assert file.lived("[run]\n") == text(formatted, "True")


@pytest.mark.parametrize(
    ("before", "template"),
    [
        ("addopts = -ra\n", "addopts =\n    -ra\n    -q\n"),
        ("addopts =   -ra\n", "addopts =\n    -ra\n    -q\n"),
        ("addopts : -ra\n", "addopts =\n    -ra\n"),
        ("addopts = a\n    b\n", "addopts =\n    c\n"),
        ("addopts =\n    a\n    b\n", "addopts = c\n"),
        ("addopts = \n    a\n", "addopts = c\n"),
        ("addopts =\n", "addopts = c\n"),
        ("addopts=  1\n", "addopts = c\n"),
    ],
)
def test_what_comes_back_from_other_lines_stands_to_the_byte(before: str, template: str) -> None:
    file = Life("setup.cfg", f"[t]\n{before}x = 1\n", FileRule(Mode.MERGE))
    first = file.text
    assert file.lived(f"[t]\n{template}") != first
    assert file.lived("[t]\n") == first


@pytest.mark.parametrize(("delimiter", "blank"), [(" = ", " "), ("=", ""), ("=", "  ")])
def test_a_single_value_in_the_place_of_lines_stands_as_its_neighbours_do(delimiter: str, blank: str) -> None:
    before = f"[t]\nk{delimiter}1\nlist{delimiter.rstrip()}{blank}\n\ta\n\tb\n"
    file = Life("setup.cfg", before, FileRule(Mode.MERGE))
    assert file.lived("[t]\nlist = v\n") == f"[t]\nk{delimiter}1\nlist{delimiter}v\n"
    assert file.lived("[t]\n") == before


@pytest.mark.parametrize("rest", [False, pytest.param(True, marks=pytest.mark.long)], ids=["a part", "the rest"])
@pytest.mark.parametrize("neighbour", ["x = 1\n", "x=1\n", "x: 1\n", "x=\n    1\n", ""])
@first_rows(2, "delimiter", [" = ", "=", "= ", " =", ": ", ":", " : ", "   =   "])
def test_a_value_comes_back_to_the_byte_whatever_stood_there_between(
    delimiter: str, neighbour: str, rest: bool
) -> None:
    templates = ["k =\n    a\n    b\n", "k = q\n", "k = q\n    r\n", "k =\n", "k=z\n"]
    chains = itertools.permutations(templates, 3)
    for number, (theirs, chain) in enumerate(
        itertools.product(["o\n", "\n    o\n", "o\n    p\n", "\n"], chains), len(delimiter + neighbour)
    ):
        if (number % 23 > 0) != rest:
            continue
        before = f"[t]\nk{delimiter if theirs[:1].strip() else delimiter.rstrip()}{theirs}{neighbour}"
        file = Life("setup.cfg", before, FileRule(Mode.MERGE))
        said = [file.lived(f"[t]\n{template}") for template in chain]
        assert file.lived("[t]\n") == before, (before, said)


@pytest.mark.parametrize(
    ("theirs", "template", "written"),
    [
        ("k =\n    a\nx=1\n", "k = v\n", "k = v\nx=1\n"),
        ("k=\n    a\nx = 1\n", "k = v\n", "k=v\nx = 1\n"),
        ("k=\n    a\nx= 1\n", "k = v\n", "k= v\nx= 1\n"),
        ("k:\n    a\nx=1\n", "k = v\n", "k: v\nx=1\n"),
        ("k:\n    a\nx:1\n", "k = v\n", "k:v\nx:1\n"),
        ("k =\nx=1\n", "k = v\n", "k = v\nx=1\n"),
    ],
)
def test_a_single_value_stands_behind_its_own_delimiter_as_that_is_written(
    theirs: str, template: str, written: str
) -> None:
    file = Life("setup.cfg", f"[t]\n{theirs}", FileRule(Mode.MERGE))
    assert file.lived(f"[t]\n{template}") == f"[t]\n{written}"


@pytest.mark.parametrize(
    ("theirs", "template", "written"),
    [
        ("[p]\n  a = 1\n  b = 2\n", "[p]\na =\n  x\n  y\n", "[p]\n  a =\n    x\n    y\n  b = 2\n"),
        ("[p]\n\ta = 1\n\tb = 2\n", "[p]\na =\n    x\n\n    y\n", "[p]\n\ta =\n\t    x\n\n\t    y\n\tb = 2\n"),
        ("[p]\n    a = 1\n", "[p]\n  a =\n    x\n", "[p]\n    a =\n      x\n"),
        ("[p]\n  a = 1\n", "[p]\n  a =\n    x\n", "[p]\n  a =\n    x\n"),
        ("[p]\na = 1\n", "[p]\n  a =\n    x\n", "[p]\na =\n    x\n"),
    ],
)
def test_lines_in_the_place_of_a_value_stand_further_in_than_its_key(theirs: str, template: str, written: str) -> None:
    file = Life("setup.cfg", theirs, FileRule(Mode.MERGE))
    assert file.lived(template) == written
    assert file.lived("[p]\n") == theirs


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("wider", [4, 8])
@pytest.mark.parametrize(
    "theirs",
    [
        " |\n    - a\n\n    - b",
        " |-\n    - a\n      - deeper",
        " >\n    - a\n    - b",
        "\n    push:\n      x: |\n        y\n    pull: [1,\n      2]",
        "\n    # why\n    push: 1",
        "\n    - a\n    - b: 1\n      c: 2",
        ' "a\n    b"',
        " [a,\n    b]",
    ],
)
def test_what_others_had_comes_back_inside_its_key_also_where_a_person_moved_that_to_the_right(
    theirs: str, wider: int, newline: str
) -> None:
    before = f"an:\n  k:{theirs}\n  lic: x\n".replace("\n", newline)
    file = Life("x.yaml", before, FileRule(Mode.MERGE))
    file.rolled_out("an: {k: true}\n")
    file.text = "an:\n  k: true\n  lic: x\n".replace("  ", " " * wider).replace("\n", newline)
    there = file.lived("z: 1\n") or ""
    read = YAML(typ="safe", pure=True).load
    assert read(there) == {**read(before), "z": 1}
    assert all(
        line.startswith((" " * (wider + 1), " " * wider + "- "))
        for line in there.split("lic")[0].split(newline)[2:-1]
        if line
    )
    assert file.plan("z: 1\n") is None
