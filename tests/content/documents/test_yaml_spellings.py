"""Values as people spell them in YAML, and what templates write over them: all of it comes back to the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

THEIRS = [
    "", "  ", " 1", " 1  ", " 'q'  # his", "   # his", " []", "   []  # his", " {}", " {}  ", " [x]", " [ x ]  # his",
    " {x: 1}", " [\n  x, # n\n  y\n  ]", "\n  x: 1", "\n  - x", "\n- x", "  # his\n  x: 1  # n\n  y:   ",
    " # his\n  - x # n\n  # m\n  - y  ", " |\n  text", " |  \n  text", " >-  # his\n  text\n  more", " &KEY []",
    " &KEY {}", " &KEY 1  # his", " &KEY\n  x: 1", "\n  []", "\n  {}  # his",
    "\n    x:\n        y: []\n    z: {}  # his", "\t[]", " null  ", " ~ # his", ' "a\n  b"  # his', " {\n  }",
    " &KEY", " &KEY  # his",
]  # fmt: skip
OURS = [
    "", " 1", " 2  # ours", " |\n  ours", " >-  # ours\n  ours\n  more", " [o]  # ours", " []", " {}", " {o: 1}",
    "  # ours\n  # a\n  o: 1  # b\n  p:\n    q: |\n      t", "\n  # a\n  - o  # b\n  - |\n    t\n  - r: 1\n    s: 2",
    "\n  x: 1\n  y: 2", "\n  - x\n  - z", ' "o\n  p"',
    "\n    x:\n      y: # c\n        - 1\n    z:\n      # e\n      k: 1",
]  # fmt: skip

EXACT = "ports: [8080:80, 8443:443]\n"  # only the exact parser knows what these colons mean


def _documents(values: list[str], keys: str, note: str) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.sampled_from(keys), st.sampled_from(values), st.sampled_from(["", "", f"{note}\n"]))
    several = st.lists(pairs, min_size=1, max_size=3, unique_by=lambda pair: pair[0])
    return several.map(lambda all_: "".join(f"{above}{key}:{value}\n" for key, value, above in all_))


def _inside(text: str) -> str:
    return "top:\n" + "".join(f"  {line}" for line in text.splitlines(keepends=True))


@given(
    before=_documents(THEIRS, "abc", "# above"),
    steps=st.lists(_documents(OURS, "abcd", "# ours above"), min_size=1, max_size=3),
    crlf=st.booleans(), ended=st.booleans(), nested=st.booleans(), exact=st.booleans(),
)  # fmt: skip
def test_what_others_wrote_comes_back_whatever_a_template_said(
    before: str, steps: list[str], crlf: bool, ended: bool, nested: bool, exact: bool
) -> None:
    for key in "abc":
        before = before.replace(f"{key}: &KEY", f"{key}: &{key}")
    before = _inside(before) if nested else before
    before = EXACT * exact + before
    before = before if ended else before.removesuffix("\n")
    before = before.replace("\n", "\r\n") if crlf else before
    file = Life("x.yaml", before, FileRule(Mode.MERGE))
    for step in steps:
        template = _inside(step) if nested else step
        planned = file.rolled_out(template)
        if planned is None or planned.action is not Action.ERROR:
            assert file.plan(template) is None
    planned = file.rolled_out("{}\n")
    if planned is None or planned.action is not Action.ERROR:
        assert file.text == before


@pytest.mark.parametrize(
    ("before", "steps"),
    [
        ("a: # his\n  - x # n\n  # m\n  - y  \n", ["a: 1\n"]),
        ("a: # his\n  x: 1  # n\n  y: 2\nz: 1\n", ["a: [o]\n", "a: 1\n"]),
        ("a: null  \n", ["a: |\n  x\n", "a: 2  # ours\n"]),
        ("a: 1  \n", ["a:\n  # a\n  - o\n  - |\n    t\n"]),
        ("a: {}  \n", ["a: |\n  x\n", "a: # ours\n  o: 1\n"]),
        ("a:\n  {}  # his\n", ["a: |\n  x\n"]),
        ("a: &n {}\n", ["a:\n  x: 1\n", "a:\n- x\n"]),
        ("a: []\n", ["a: >- # ours\n  x\n", "a: [o]  # ours\n"]),
        ("a:\n# his\n  x: 1\n  y:\n# m\n\n    - |\n      # t\nz: 1\n", ["a: 1\n", "a: [o]\n"]),
        ("l:\n  a:\n# his\n  - x: 1\n  # m\n    y: 1\n", ["l: {a: 1}\n"]),
        ("a: |\n  # x\n  y\n", ["a: 1\n"]),
    ],
)
def test_a_comment_behind_its_key_blanks_and_an_anchor_come_back_with_it(before: str, steps: list[str]) -> None:
    file = Life("x.yaml", before, FileRule(Mode.MERGE))
    for step in steps:
        planned = file.rolled_out(step)
        assert planned is not None
        assert planned.action is not Action.ERROR, planned.cause
        assert file.plan(step) is None
    assert file.lived("{}\n") == before


@pytest.mark.parametrize(
    ("theirs", "template", "added"),
    [
        ("p:\n    - a\ns:\n    - b\n", "c:\n  k: 1\n  d:\n    - x\n", "c:\n    k: 1\n    d:\n        - x\n"),
        ("p:\n- a\n", "c:\n    k: 1\n    d:\n    - x\n", "c:\n    k: 1\n    d:\n    - x\n"),
        ("p:\n    - a\nm:\n  k: 1\n", "c:\n    k: 1\n", "c:\n  k: 1\n"),
    ],
)
def test_a_new_mapping_is_indented_as_lists_are_where_there_are_only_lists(
    theirs: str, template: str, added: str
) -> None:
    file = Life(".travis.yml", theirs, FileRule(Mode.MERGE))
    assert file.lived(template) == theirs + added
    assert file.lived("{}\n") == theirs


@pytest.mark.parametrize("first", ["", EXACT], ids=["fast", "exact"])
@pytest.mark.parametrize(
    ("theirs", "template", "merged"),
    [
        ("volumes:\n  db:\nnetworks: {}\n", "volumes: {cache: }\n", "volumes:\n  db:\n  cache:\nnetworks: {}\n"),
        ("volumes:\n  db:   # his\n\n\nn: 1\n", "volumes: {db: {}}\n", "volumes:\n  db: {}   # his\n\n\nn: 1\n"),
        ("a:\n- b:\n  c: 1\nd:\n", "d: 2\n", "a:\n- b:\n  c: 1\nd: 2\n"),
        ("a: {b: , c:   , d: }\n", "a: {b: 1, c: [2]}\n", "a: {b: 1, c:   [2], d: }\n"),
        ("a: {\n  b:\n  }\n", "a: {b: 1}\n", "a: {\n  b: 1\n  }\n"),
        ("a:\n  ? b\n  ? c\n", "a: {d: 1}\n", "a:\n  ? b\n  ? c\n  d: 1\n"),
    ],
)
def test_a_value_that_is_not_written_stands_behind_its_colon(
    first: str, theirs: str, template: str, merged: str
) -> None:
    file = Life("compose.yaml", first + theirs, FileRule(Mode.MERGE))
    assert file.lived(template) == first + merged
    assert file.plan(template) is None
    assert file.lived("{}\n") == first + theirs


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
@pytest.mark.parametrize(
    "theirs",
    ["# x@y\n", "t: |\n  x@y\n", "t: >-\n  x@\n  y\n", "t: 'x@y'\n", "t: x@y # @\n", "t@: 1\n", "t: [ x@y, 2 ]\n"],
)
def test_what_ends_a_line_in_yaml_1_1_alone_ends_none(theirs: str, character: str) -> None:
    before = theirs.replace("@", character) + "b: 1\n"
    file = Life("x.yaml", before, FileRule(Mode.MERGE))
    assert file.lived("b: 2\n") == before.replace("b: 1", "b: 2")
    assert file.plan("b: 2\n") is None
    assert file.lived("{}\n") == before
    planned = file.rolled_out("b: 2\nb: 3\n")
    assert planned is not None
    assert "line 2: the key b stands twice" in planned.cause


def test_a_key_behind_a_question_mark_alone_is_refused_with_its_line_and_the_way_out() -> None:
    file = Life("x.yaml", "a: 1\ns:\n  ? one\n  ? two\n", FileRule(Mode.MERGE))
    for value in ("1", "[1]", "|\n    text", "\n    k: 1"):
        planned = file.rolled_out(f"s:\n  two: {value}\n")
        assert planned is not None
        assert planned.cause == "line 4: two: has no colon, only a ?; give it one"


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
@pytest.mark.parametrize(
    ("name", "theirs", "template"),
    [
        ("x.yaml", "a: 1\n", "# on@b\nb: # it@s\n  c: 1\n  # below@c\n"),
        ("tsconfig.json", '{\n  "a": 1\n}\n', '{\n  // on@b\n  "b": {\n    "c": 1 // it@s\n    // below@c\n  }\n}\n'),
        ("x.toml", "a = 1\n", "# on@b\nb = 2 # it@s\n\n# on@t\n[t]\nk = 1\n"),
        ("x.ini", "[a]\nk = 1\n", "# on@b\n[b]\n# on@k\nk = x@y\n  z@\n"),
    ],
)
def test_a_comment_of_a_template_is_one_line_whatever_it_holds(
    name: str, theirs: str, template: str, character: str
) -> None:
    if character in "\x0b\x0c" and name in {"x.yaml", "x.toml"}:
        return  # neither format allows them
    template = template.replace("@", character)
    file = Life(name, theirs, FileRule(Mode.MERGE))
    planned = file.rolled_out(template)
    assert planned is not None
    assert planned.action is not Action.ERROR, planned.cause
    assert all(line.strip() in (file.text or "") for line in template.split("\n") if character in line)
    assert file.plan(template) is None
    assert file.lived("{}\n" if name in {"x.yaml", "tsconfig.json"} else "") == theirs
