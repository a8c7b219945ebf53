"""Merges told one by one: what is added, replaced and taken back in each format, and what is refused."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest
from msgspec.structs import replace

from rollout.content.documents.document import Unmergeable
from rollout.content.documents.formats import format_of
from rollout.content.documents.json.strict import is_strict
from rollout.content.documents.match import match_for
from rollout.content.documents.merge import MergedFile, past, projection
from rollout.content.documents.ours.past import Ours
from rollout.content.modes.table import strategy
from rollout.model.inventory import FileRule, FormatName, Mode
from tests import decisions
from tests.corpus import merged

MATCHED = {"r": ("id",), "repos": ("repo",), "repos[].hooks": ("id",), "x": ("name",)}


def _kind(name: str) -> MergedFile:
    path = PurePosixPath(name)
    return MergedFile(path, format_of(path, None), match_for(path, MATCHED))


def _told(name: str, before: str, *steps: str) -> str:
    """Merge one template after the other; a step that begins with `>` is what a person makes of the file meanwhile."""
    kind, current = _kind(name), before.encode()
    writes: list[tuple[bytes, bytes]] = []
    for step in steps:
        if step.startswith(">"):
            current = step[1:].encode()
            continue
        after = merged(current, step.encode(), kind, *writes)
        writes.append((current, after))
        current = after
    return current.decode()


@pytest.mark.parametrize(
    ("name", "before", "template", "after"),
    [
        ("x.yaml", "a: {}\nb: [ ]\n", "a:\n  x: |\n    t\nb:\n- {c: 2}\n", "a:\n  x: |\n    t\nb:\n- {c: 2}\n"),
        ("x.yaml", "a: {}\nb: [ ]\n", 'a: {x: "t"}\nb: [2]\n', 'a: {x: "t"}\nb: [2]\n'),
        ("x.yaml", "'a': 1\n\"b\": {c: 1}\n", "a: 2\nb: {d: 1}\n", "'a': 2\n\"b\": {c: 1, d: 1}\n"),
        ("x.yaml", "a:\n- 1\n", "a: [2]\n", "a:\n- 1\n- 2\n"),
        ("x.yaml", "a:\n    b: 'q'  # c\n", "a: {d: 1}\n", "a:\n    b: 'q'  # c\n    d: 1\n"),
        ("x.yaml", "---\nx: &k {a: 1}\ny: *k\n", "z: 1\n", "---\nx: &k {a: 1}\ny: *k\nz: 1\n"),
        ("x.yaml", "a:\n  b: 1  # c\n\n# next\nz: 1\n", "a: {d: 2}\n", "a:\n  b: 1  # c\n  d: 2\n\n# next\nz: 1\n"),
        ("x.yaml", "a:\n  b: 1\n  # in a\n# next\n", "a: {d: [2]}\n", "a:\n  b: 1\n  # in a\n  d: [2]\n# next\n"),
        ("x.yaml", "a:\n  b:\n  - 1\n  # on c\n  c: 1\n", "a: {b: [2]}\n",
         "a:\n  b:\n  - 1\n  - 2\n  # on c\n  c: 1\n"),
        ("x.yaml", "a:\n  b:\n    - 1\n    # in b\n# z\n", "a: {b: [2]}\n",
         "a:\n  b:\n    - 1\n    # in b\n    - 2\n# z\n"),
        ("x.yaml", "b: &b {A: 1}\ns:\n  <<: *b\n  c: 1\n", "s: {A: 1}\n", "b: &b {A: 1}\ns:\n  <<: *b\n  c: 1\n"),
        ("x.yaml", "a: &k 1  # c\nb: 1\n", "a: 2\n", "a: &k 2  # c\nb: 1\n"),
        ("x.yaml", "a: &k {b: &l 1, d: 1}\nc: *l\n", "a: {d: 2}\n", "a: &k {b: &l 1, d: 2}\nc: *l\n"),
        ("x.yaml", "a:\n  b: 1\n  # n\n  c: 2\nz: 1\n", "a: 5\n", "a: 5\n  # n\nz: 1\n"),
        ("x.yaml", "a:\n  b: 1", "a: 5\nz: 1\n", "a: 5\nz: 1"),
        ("x.yaml", "a: 5 # n\nz: 1\n", "a:\n  b: 1\n  c: [1]\n", "a: # n\n  b: 1\n  c: [1]\nz: 1\n"),
        ("x.yaml", "a: |\n  x\n\nz: 1\n", "a: >-\n  q\n  r\n", "a: >-\n  q\n  r\n\nz: 1\n"),
        ("x.yaml", "a:\n    -   x: 1\n", "a:\n- q: 1\n  r:\n  - 1\n",
         "a:\n    -   x: 1\n    -   q: 1\n        r:\n            -   1\n"),
        ("x.yaml", "p: 22:22\n", 'p: "22:22"\n', 'p: "22:22"\n'),
        ("x.yaml", "a: 1 # n\nz: 1\n", "a: one\n  two\n", "a: one\n  two # n\nz: 1\n"),
        ("x.yaml", "a: # n\n  b: 1\nz: 1\n", "a: 'one\n  two'\n", "a: 'one\n  two' # n\nz: 1\n"),
        ("x.yaml", "a: | # n\n  b\nz: 1\n", "a: one\n  two\n", "a: one\n  two # n\nz: 1\n"),
        ("x.yaml", "a: !Ref B\n", "a: !Ref B\n", "a: !Ref B\n"),
        ("x.yaml", "? a\n: 1\n? b\n: 2\nc: 3\n", "z: 1\n", "? a\n: 1\n? b\n: 2\nc: 3\nz: 1\n"),
        ("x.yaml", "k:\n  ? a\n  : 1\n", "k: {z: 1}\n", "k:\n  ? a\n  : 1\n  z: 1\n"),
        ("x.yaml", "p: [8443:443, a]\n", "b: 1\n", "p: [8443:443, a]\nb: 1\n"),
        ("x.yaml", "p: {a:b: 1}\n", "b: 1\n", "p: {a:b: 1}\nb: 1\n"),
        ("x.yaml", 'a: "\\ud800"\n', "b: 1\n", 'a: "\\ud800"\nb: 1\n'),
        ("x.json", '{"a": NaN, "b": "\\ud800", "c": 1}', '{"d": 1}', '{"a": NaN, "b": "\\ud800", "c": 1, "d": 1}'),
        ("x.json", "// only\n", '{"a": 1}', '// only\n{"a": 1}\n'),
        ("x.json", '{\n "l": ["a",\n  "a"] // l\n}', '{"l": ["c"], "m": 1}',
         '{\n "l": ["a",\n  "a", "c"], // l\n "m": 1\n}'),
        ("x.toml", "a = {b = 1}\n", "a.c = 2\n[d]\n", "a = {b = 1, c = 2}\n\n[d]\n"),
        ("x.toml", "[a]\nx = 1 # one\n[b]\n", "top = 1\n[a]\nx = 2\n", "top = 1\n[a]\nx = 2 # one\n[b]\n"),
        ("x.toml", '[[x]]\nname = "a"\nv = 1\n', '[[x]]\nname = "a"\nv = 2\n', '[[x]]\nname = "a"\nv = 2\n'),
        (".editorconfig", "root=true\n\n[*]\nsize = 2\n", "root = true\n[*]\nsize = 4\n",
         "root=true\n\n[*]\nsize = 4\n"),
        ("x.ini", "[m]\nenabled=1\n", "[m]\nenabled = 0\nnew = 2\n", "[m]\nenabled=0\nnew=2\n"),
        ("x.ini", "[m]\nenabled  =\t1\n", "[m]\nenabled=0\n", "[m]\nenabled  =\t0\n"),
        ("x.ini", "[m]\nenabled =\n", "[m]\nenabled=0\n", "[m]\nenabled = 0\n"),
        ("x.ini", "[m]\nenabled:\n", "[m]\nenabled=0\n", "[m]\nenabled: 0\n"),
        ("x.ini", "[m]\na=1\nenabled=\n", "[m]\nenabled = 0\n", "[m]\na=1\nenabled=0\n"),
        ("x.ini", "[m]\nenabled=\n", "[m]\nenabled=0\n", "[m]\nenabled=0\n"),
        ("x.ini", "[m]\nb: 1\nenabled:\n    1\n    2\n", "[m]\nenabled=0\n", "[m]\nb: 1\nenabled: 0\n"),
        ("x.ini", "[m]\nenabled = 1\n", "[m]\nenabled=\n", "[m]\nenabled =\n"),
        ("tox.ini", "[t]\npassenv = CI\n", "[t]\npassenv =\n    CI\n    HOME\n", "[t]\npassenv =\n    CI\n    HOME\n"),
        ("setup.cfg", "[a]\nx =\n    1\n", "[a]\nx =\n  1\n  3\ny = 2\n", "[a]\nx =\n  1\n  3\ny = 2\n"),
    ],
)  # fmt: skip
def test_a_template_is_written_in_the_style_of_the_document(name: str, before: str, template: str, after: str) -> None:
    assert _told(name, before, template) == after
    assert _told(name, before, template, template) == after


@pytest.mark.parametrize(
    ("name", "before", "steps", "after"),
    [
        ("x.yaml", "a: 1\n", ["z: 1\n", ">a: 1\n# mine\nz: 1  # keep\n", ""], "a: 1\n# mine\n# keep\n"),
        ("x.yaml", "a: 1\n", ["z:\n  b: 1\n", ">a: 1\nz:\n  b: 1\n  c: 2\n", ""], "a: 1\nz:\n  c: 2\n"),
        ("x.yaml", "a: 1\n", ["z: 1\n", ">a: 1\nz: 2\n", ""], "a: 1\nz: 2\n"),
        ("x.yaml", "l:\n- a # a\n", ["l: [x]\n", ">l:\n- a # a\n- x\n- y\n", "l: [z]\n"], "l:\n- a # a\n- y\n- z\n"),
        ("x.yaml", "l:\n- a\n", ["l: [x]\n", ">l:\n- x\n", "z:\n- 1\n"], "l: []\nz:\n- 1\n"),
        ("x.yaml", "a: 1\n", ["a: 2\n", ""], "a: 1\n"),
        ("x.yaml", "a: 'x'  # a\nb:\n", ["a: [1]\nb:\n  c: 1\n", ""], "a: 'x'  # a\nb:\n"),
        ("x.json", '{"a": 1, "b": [2]}', ['{"a": [1], "b": {"c": 1}}', "{}"], '{"a": 1, "b": [2]}'),
        ("x.yaml", "a:\n  - x\n  # n\n  - y\nb: 1\n", ["a:\n  c: 1\n", ""], "a:\n  - x\n  # n\n  - y\nb: 1\n"),
        ("x.yaml", "a:\n  - x # m\n  # n\n  - y\nb: 1\n", ["a:\n  c: 1\n", ">a:\n  c: 1\n  # n\nb: 1\n", ""],
         "a:\n  - x\n  # n\n  - y\nb: 1\n"),
        ("x.yaml", "a:\n  - x # m\n  # n\n  - y\nb: 1\n", ["a: 1\n", "a: 2\n", "a: [1]\n", ""],
         "a:\n  - x # m\n  # n\n  - y\nb: 1\n"),
        ("x.ini", "[a]\nb =\n  1\n  # n\n  2\nc = 1\n", ["[a]\nb = 2\n", ""],
         "[a]\nb =\n  1\n  # n\n  2\nc = 1\n"),
        ("x.ini", "[a]\nb =\n  1\n  # n\n  2\n", ["[a]\nb = 2\n", "[a]\nb = 2\nc = 3\n", ""],
         "[a]\nb =\n  1\n  # n\n  2\n"),
        ("x.yaml", "a:\n  - x\n  - y\nb: 1\n", ["a:\n  c: 1\n", ""], "a:\n  - x\n  - y\nb: 1\n"),
        ("x.yaml", "a: {}\n", ["a:\n  i: r/n:1\n  n:\n", ">a: {i: 'r/n:1', n: null}\n", ""], "a: {}\n"),
        ("x.yaml", "a: {b: 1}\n", ["a:\n  c:\n  d: 1\n", ""], "a: {b: 1}\n"),
        ("x.yaml", "a: 1\nb: 2\nb: 3\n", ["c: 1\n", ""], "a: 1\nb: 2\nb: 3\n"),
        ("x.json", "{\n  // none\n}\n", ['{"a": 1}', "{}"], "{\n  // none\n}\n"),
        ("x.json", "{ /* none */ }\n", ['{"a": 1}', "{}"], "{ /* none */ }\n"),
        ("x.json", '{"a": [ ], "b": {  }}', ['{"a": [1], "b": {"x": {"y": 2}}}', "{}"], '{"a": [ ], "b": {  }}'),
        ("x.json", '{\n "l": [\n  "a",\n  "b",\n ],\n}', ['{"l": ["c"], "m": 1}', "{}"],
         '{\n "l": [\n  "a",\n  "b",\n ],\n}'),
        (".eslintrc", '{"a": ["x"]}', ['{"a": ["y"]}', '{"a": []}'], '{"a": ["x"]}'),
        ("x.toml", "[t.a]\nx = 1\n", ["[t]\nq = 1\n", ""], "[t.a]\nx = 1\n"),
        ("x.ini", "[a]\nx = 1\n[a]\ny = 2\n", ["[q]\nk = 1\n", ""], "[a]\nx = 1\n[a]\ny = 2\n"),
        ("x.yaml", "r:\n- id: a\n  x: 1\n", ["r:\n- z: 2\n  y: 1\n  id: b\n", "r:\n- y: 1\n  id: b\n"],
         "r:\n- id: a\n  x: 1\n- y: 1\n  id: b\n"),
        ("x.yaml", "r:\n- id: a\n  x: 1\n", ["r:\n- id: b\n", ">r:\n- id: a\n- id: b\n  mine: 1\n", ""],
         "r:\n- id: a\n- id: b\n  mine: 1\n"),
        ("x.json", "{}", ['{"k": {"v": 1, "w": [1]}}', '>{"k": {"v": 1, "mine": 1, "w": [1, 2]}}', "{}"],
         '{"k": {"mine": 1, "w": [2]}}'),
        ("x.toml", "a = 1\n", ['[k]\nv = 1\n', '>a = 1\n\n[k]\nv = 1\nmine = 1\n', ""], "a = 1\n\n[k]\nmine = 1\n"),
    ],
)  # fmt: skip
def test_what_is_no_longer_named_goes_away_and_what_is_others_stays(
    name: str, before: str, steps: list[str], after: str
) -> None:
    assert _told(name, before, *steps) == after


PUSH, BRANCHES = "on: [push]\n", "on: {push: {branches: [main]}}\nname: x\n"


@pytest.mark.parametrize(
    ("name", "before", "steps", "after"),
    [
        ("x.yaml", PUSH, [BRANCHES, "name: x\n"], "on: [push]\nname: x\n"),
        ("x.yaml", PUSH, [BRANCHES, "name: x\n", ">on: [push, more]\nname: x\n", "name: y\n", "name: z\n"],
         "on: [push, more]\nname: z\n"),
        ("x.yaml", "b: [x]\n", ["b: {y: 1}\nd: 1\n", "d: 1\n", "d: 2\n", "d: 3\n"], "b: [x]\nd: 3\n"),
        ("x.yaml", "b:\n  q: 1\n", ["b: [x]\nd: 1\n", "d: 1\n", "d: 2\n", ""], "b:\n  q: 1\n"),
        ("x.yaml", "on: push\n", ["on: [push, pr]\n", "on: {push: {}}\n", "d: 1\n", "d: 2\n"], "on: push\nd: 2\n"),
        ("x.yaml", "on:   push  # c\n", ["on:\n  push:\n    x: 1\n", "on:\n- pr\n", ""], "on:   push  # c\n"),
        ("x.yaml", "b:  # c\n  q: 1\n", ["b: [x]\n", "b: 7\n", ""], "b:  # c\n  q: 1\n"),
        ("x.yaml", "b: &k |\n  text\n\nc: 1\n", ["b: {d: 1}\n", "b: 7\n", ""], "b: &k |\n  text\n\nc: 1\n"),
        ("x.yaml", "b: [x]\n", ["b: {y: 1}\n", "b: [z]\n", ""], "b: [x]\n"),
        ("x.yaml", "b: [x]\n", ["b: {y: 1}\n", "b: [x]\n", ">b: [x, y]\n", ""], "b: [x, y]\n"),
        ("x.yaml", "b: {}\n", ["b: {y: 1}\n", "b: [z]\n", ""], "b: {}\n"),
        ("x.yaml", "b: 1\n", ["b: 2\n", ">b: 3\n", "b: 4\n", ""], "b: 1\n"),
        ("x.yaml", "b: 1\n", ["b: 2\n", ">b: 3\n", ""], "b: 3\n"),
        ("x.yaml", "b: 1\n", ["b: 2\n", "d: 1\n", ">b: 2\nd: 1\n", "d: 2\n"], "b: 2\nd: 2\n"),
        ("x.yaml", "b: 1\n", ["z: 1\n", ">b: 1\n", "d: 1\n", ">b: 1\nd: 1\nz: 1\n", "d: 2\n"],
         "b: 1\nd: 2\nz: 1\n"),
        ("x.yaml", "b: 1\n", ["z: 1\n", ">b: 1\nz: 2\n", "d: 1\n", ">b: 1\nz: 1\nd: 1\n", "d: 2\n"],
         "b: 1\nz: 1\nd: 2\n"),
        ("x.yaml", "b: 1\n", ["z: {q: 1}\n", "z: [1]\n", "z: {q: 2}\n", "d: 1\n"], "b: 1\nd: 1\n"),
        ("x.json", '{"b": ["x"]}', ['{"b": {"y": 1}}', '{"c": 1}', '{"c": 2}'], '{"b": ["x"], "c": 2}'),
        ("x.json", '{"b":  "x"}', ['{"b": ["x", "y"]}', '{"b": {"x": {}}}', '{"c": 1}', "{}"], '{"b":  "x"}'),
        ("x.json", '{"b": 1}', ['{"b": 2}', "{}"], '{"b": 1}'),
        ("x.json", '{"b": 1}', ['{"b": 2}', '{"b": 2, "c": 1}', "{}"], '{"b": 1}'),
        ("x.yaml", "b: [x]\n", ["b: {y: {}}\n", "b: {y: {}}\nc: 1\n", ""], "b: [x]\n"),
        ("x.toml", 'b = ["x"]\n', ["b = {y = 1}\n", "c = 1\n", "c = 2\n"], 'b = ["x"]\nc = 2\n'),
        ("x.yaml", "a: 1\n", ["b: &k {c: 1}\nd: *k\n", ""], "a: 1\n"),
        ("x.yaml", "a: 1\n", ["b: &k {c: 1, e: 2}\nd: *k\n", "b: {c: 1}\n"], "a: 1\nb: &k {c: 1}\n"),
        ("x.toml", "[z]\n", ["[z]\nk = 1\n", ""], "[z]\n"),
        ("x.toml", "a = 1\n\n[z]  # z\n\n[y]\nb = 1\n", ["[z]\nk = 1\n", "q = 1\n", ""],
         "a = 1\n\n[z]  # z\n\n[y]\nb = 1\n"),
        ("x.toml", "[z]\n", ["[z]\nk = 1\n[z.y]\nb = 1\n", "[z.y]\n", ""], "[z]\n"),
        ("x.toml", "b =  1 # c\n", ["b = {y = 1}\n", "b = [2]\n", ""], "b =  1 # c\n"),
        ("x.ini", "[m]\nenabled=1\n", ["[m]\nenabled=0\n", "[m]\nenabled = 2\n", ""], "[m]\nenabled=1\n"),
        ("x.ini", "[m]\na = 1\nb\n", ["[m]\na =\n  0\nb = 2\n", "[m]\na=\n", ""], "[m]\na = 1\nb\n"),
        ("x.yaml", "n:\n", ["n: {a: 1}\n", ""], "n:\n"),
        ("x.yaml", "n:  \nm: 1\n", ["n:\n  a: 1\n", "n: 5\n", ""], "n:  \nm: 1\n"),
        ("x.ini", "[a]\nb=  1\nc\n", ["[a]\nb = 2\nc = 3\n", "[a]\nb =\n  1\n  2\n", ""], "[a]\nb=  1\nc\n"),
        ("x.yaml", "r:\n- id: a\n  x: 1\n", ["r:\n- id: a\n  x: [2]\n", "r:\n- id: a\n", ""], "r:\n- id: a\n  x: 1\n"),
        ("x.yaml", "a: one\r\n  two # note\r\nb: 1\r\n", ["a: x\n", ""], "a: one\r\n  two # note\r\nb: 1\r\n"),
    ],
)  # fmt: skip
def test_what_others_had_comes_back_once_and_is_theirs_again(
    name: str, before: str, steps: list[str], after: str
) -> None:
    assert _told(name, before, *steps) == after


@pytest.mark.parametrize(
    "template", ["x", "three\n  four", "|\n  t", "\n  c: 1", "[z,\n  y]", "\n- 1", "|- # ours\n  t"]
)
@pytest.mark.parametrize(
    "written", ["1", "one\n  two", "'one\n  two'", '"one\n  two"', "[1,\n  2]", "{c: 0,\n  d: 2}", "&k one\n  two"]
)
def test_a_comment_behind_the_last_line_of_a_value_is_kept_and_the_value_comes_back(
    written: str, template: str
) -> None:
    before = f"a: {written} # note\nb: 1\n"
    assert "# note" in _told("x.yaml", before, f"a: {template}\n")
    assert _told("x.yaml", before, f"a: {template}\n", "") == before
    assert _told("x.yaml", before, f"a: {template}\n", "a: other\n", f"a: {template}\n", "") == before


@pytest.mark.parametrize(
    ("name", "before", "template", "said"),
    [
        ("x.yaml", "a: 1\n---\nb: 2\n", "c: 1\n", "line 2: a second document begins"),
        ("x.yaml", "x: 1\na: !Ref B\n", "a: x\n", "line 2: a: is a value with the tag !Ref"),
        ("x.yaml", "a: 1\n", "x: 1\nb: {c: !Ref B}\n", "the template: line 2: b: holds a value with the tag !Ref"),
        ("x.yaml", "a:\n\t- b\n", "b: 1\n", "line 2: not valid YAML"),
        ("x.yaml", "a: 1\n", 'b: "\\ud800"\n', "the template: line 1: b: holds a lone surrogate"),
        ("x.yaml", "a: 1\nb: \x00\n", "b: 1\n", "line 2: not valid YAML"),
        ("x.yaml", "- a\n", "b: 1\n", "line 1: holds no mapping"),
        ("x.yaml", "~\n", "b: 1\n", "line 1: holds no mapping"),
        ("x.yaml", "a: 1\na: 2\n", "a: 3\n", "line 2: the key a stands twice"),
        ("x.yaml", "a: *x\n", "b: 1\n", "line 1: the alias *x has no anchor"),
        ("x.yaml", "b: &b {e: {x: 1}}\ns:\n  <<: *b\n", "s: {e: {y: 1}}\n", "line 3: s.e: comes from '<<'"),
        ("x.yaml", "z: &q 5\nb: *q\n", "\ny: &q {a: 1}\n", "the template: line 2: &q means something else in the file"),
        ("x.yaml", "b: 1\n", "b: &q 1\nd: [*q]\n", "the template: line 2: *q means something else in the file, or"),
        ("x.yaml", "l: [1]\n", "l: [!Ref B]\n", "the template: line 1: l[]: holds a value with the tag !Ref"),
        ("x.yaml", "r:\n- id: a\n  x: !Ref B\n", "r:\n- id: a\n  x: 1\n", "line 3: r[a].x: is a value with"),
        ("x.json", '{"r": [{"id": 7, "x": {"": NaN}}]}', '{"r": [{"id": 7, "x": {"": 1}}]}', 'r[7].x."": is NaN'),
        ("x.yaml", "l: &l [a]\nm: *l\n", "l: [b]\n", "line 1: l: *l says it elsewhere, too"),
        ("x.yaml", "a: &k 1  # c\nb: *k\n", "a: 2\n", "line 1: a: *k says it elsewhere, too"),
        ("x.yaml", "x:\n  a: &k\n    c: {d: 1}\nb: [1, *k]\n", "x: {a: {c: {e: 2}}}\n", "line 3: x.a.c: *k says it"),
        ("x.yaml", "a: &k\n  c: 1\nb:\n  <<: *k\n", "a: {d: 1}\n", "line 1: a: *k says it elsewhere, too"),
        ("x.yaml", "a: 1\nl:\n- |\n  text", "l: [x]\n", "line 3: the text that ends the file has no line end; add one"),
        ("x.json", '{"a": 1}', '{"d": "\\ud800"}', "the template: line 1: d: holds a lone surrogate"),
        ("x.json", '{"a": 1,\n"a": 2}', '{"a": 3}', "line 2: the key a stands twice"),
        ("x.json", "{'a': 1}", "{}", "line 1: a key in quotes is missing"),
        ("x.json", '{\n"a": "x\ty"}', "{}", "line 2: a text holds a raw control character; write \\t in its place"),
        ("x.json", '{\n"a\x01": 1}', "{}", "line 2: a text holds a raw control character; write \\u0001 in its place"),
        ("x.json", '{\n"a": "x\n"}', "{}", "line 2: a text holds a raw line end; write \\n in its place"),
        ("x.json", '{\n"a": "x}', "{}", 'line 2: a text does not end: "x}'),
        ("x.json", '{\n"a": "x\\', "{}", 'line 2: a text does not end: "x'),
        ("x.json", '{"a": 1, "b": }', "{}", "line 1: a value is missing"),
        ("x.json", '{"a": 1} x', "{}", "line 1: something follows the document"),
        ("x.json", '{"a":' * 200, "{}", "line 1: nested too deeply"),
        ("x.toml", "a = 1\na = 2\n", "c = 2\n", "line 2: not valid TOML"),
        ("x.toml", f"{'.'.join('a' * 400)} = 1\n", "c = 2\n", "line 1: nested too deeply"),
        ("x.toml", f"[{'.'.join('a' * 400)}]\nb = 1\n", "c = 2\n", "line 1: nested too deeply"),
        ("x.toml", "[[x]]\nname = 1\n", "x = [7]\n", "line 1: x: is a list of tables"),
        ("setup.cfg", "a = 1\n[a\nx=1\n", "[a]\nx = 1\n", "line 2: a section is not closed, or a key stands"),
        ("x.unknown", "a\n", "b\n", "its format is not known; say it under 'files' with format: yaml|json|jsonc|"),
    ],
)  # fmt: skip
def test_what_cannot_be_merged_is_told_with_its_line(name: str, before: str, template: str, said: str) -> None:
    with pytest.raises(Unmergeable) as refused:
        merged(before.encode(), template.encode(), _kind(name))
    assert str(refused.value).startswith(f"{name}: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("path", "strict"),
    [
        ("package.json", True), (".mcp.json", True), ("composer.json", True), ("a/mytsconfig.json", True),
        ("tsconfig.build.json", False), ("a.jsonc", False), ("x.code-workspace", False), (".vscode/launch.json", False),
        (".devcontainer/a/devcontainer.json", False), (".eslintrc", False), (".swcrc", False),
        (".claude/settings.json", False), (".babelrc", False), ("jsconfig.json", False), (".eslintrc.json", False),
        ("a/.jshintrc", False), ("tasks.json", True), ("a.tasks.JSONC", False),
    ],
)  # fmt: skip
def test_a_name_tells_whether_json_allows_comments(path: str, *, strict: bool) -> None:
    assert is_strict(PurePosixPath(path)) == strict
    assert format_of(PurePosixPath(path), None) in {FormatName.JSON if strict else FormatName.JSONC, None}


@pytest.mark.parametrize("name", ["tsconfig.json", "package.json"])
def test_a_format_that_is_told_beats_the_name(name: str) -> None:
    template = b'{\n  // why\n  "a": 1,\n}\n'
    path = PurePosixPath(name)
    told = {
        form: MergedFile(path, format_of(path, form), match_for(path, {}))
        for form in (FormatName.JSON, FormatName.JSONC)
    }
    assert merged(b'{\n  "b": 1\n}\n', template, told[FormatName.JSONC]) == b'{\n  "b": 1,\n  // why\n  "a": 1\n}\n'
    with pytest.raises(Unmergeable, match=f"line 2: holds a comment, which {name} does not allow"):
        merged(b'{\n  "b": 1\n}\n', template, told[FormatName.JSON])
    items = {form: decisions.managed(name, template.decode(), FileRule(Mode.MERGE, format=form)) for form in told}
    assert strategy(Mode.MERGE).template_fault(items[FormatName.JSONC]) is None
    assert "line 2: holds a comment" in str(strategy(Mode.MERGE).template_fault(items[FormatName.JSON]))


@pytest.mark.parametrize(
    ("before", "template", "said"),
    [
        ('{\n  "b": 1\n}\n', '{"files": ["dist", ]}', "the template: line 1: holds a trailing comma"),
        ('{\n  "b": 1\n}\n', '{"o": {"k": 1 // e\n}}', "the template: line 1: holds a comment"),
        ('{\n  "b": 1\n}\n', '{\n  // why\n  "a": 1\n}', "the template: line 2: holds a comment"),
        ("", '{\n"a": 1,\n}', "the template: line 2: holds a trailing comma"),
    ],
)
def test_a_template_with_comments_or_trailing_commas_is_refused_where_they_would_break_the_file(
    before: str, template: str, said: str
) -> None:
    with pytest.raises(Unmergeable, match=said) as refused:
        merged(before.encode(), template.encode(), _kind("package.json"))
    assert "package.json does not allow" in str(refused.value)
    assert merged(before.encode(), template.encode(), _kind(".vscode/launch.json"))
    with_comment = f"// theirs\n{before}".encode()
    assert b"theirs" in merged(with_comment, template.encode(), _kind("package.json"))


@pytest.mark.parametrize("name", ["package.json", "tsconfig.json"])
def test_a_comment_that_rollout_wrote_above_a_key_goes_whether_or_not_the_file_may_hold_comments(name: str) -> None:
    wrote = b'{\n  "b": 1\n}', b'{\n  "b": 1,\n  // why\n  "a": 1\n}'
    assert merged(wrote[1], b'{"a": 1}', _kind(name), wrote) == b'{\n  "b": 1,\n  "a": 1\n}'


@pytest.mark.parametrize(
    ("before", "written", "template", "after"),
    [
        ('{\n  "b": 1\n}\n', '{\n  "b": 1,\n  "f": ["d", ]\n}\n', '{"f": ["d"]}', '{\n  "b": 1,\n  "f": ["d"]\n}\n'),
        ('{"b": 1}', '{"b": 1, "o": {"k": 1 // e\n}}', '{"o": {"k": 1}}', '{"b": 1, "o": {"k": 1\n}}'),
        ('{\n  "b": 1\n}', '{\n  "b": 1,\n  "a": 1\n  // why\n}', '{"a": 1}', '{\n  "b": 1,\n  "a": 1\n}'),
        ("", '{"a": [{"k": 1, /* , */}, ], /* why */}', '{"a": [{"k": 1}]}', '{"a": [{"k": 1}]}'),
        ('{"l": [[1]]}', '{"l": [[1], [2,]]}', '{"l": [[2]]}', '{"l": [[1], [2]]}'),
    ],
)
def test_comments_and_trailing_commas_that_rollout_wrote_into_strict_json_go_away(
    before: str, written: str, template: str, after: str
) -> None:
    kind, wrote = _kind("package.json"), (before.encode(), written.encode())
    assert merged(written.encode(), template.encode(), kind, wrote).decode() == after
    assert json.loads(after)
    assert merged(written.encode(), template.encode(), _kind("tsconfig.json"), wrote).decode() == written
    theirs = b"// theirs\n" + written.encode()
    assert merged(theirs, template.encode(), kind, wrote) == theirs


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    with pytest.raises(Unmergeable, match="line 2: is not UTF-8; save it as UTF-8"):
        merged(b"a: 1\nb: \xff\n", b"c: 1\n", _kind("x.yaml"))


def test_an_infinite_number_is_refused_in_a_file_that_is_new_too() -> None:
    with pytest.raises(Unmergeable, match="line 1: holds 1e400"):
        merged(b"", b'{"a": 1e400}', _kind("x.json"))


@pytest.mark.parametrize("nothing", ["{}\n", "# nothing\n", ""])
@pytest.mark.parametrize("before", ["", "\n", "\r\n"])
def test_a_file_that_holds_nothing_stays_so_where_the_template_names_nothing(before: str, nothing: str) -> None:
    assert _told("x.yaml", before, nothing) == before
    emptied = _told("x.yaml", before, "a: 1\n", nothing)
    assert _told("x.yaml", before, "a: 1\n", nothing, nothing) == emptied


HOOKS = '{"hooks": {"Stop": [{"hooks": [%s]}]}}'


def test_a_hook_is_the_same_one_by_its_command_and_keeps_what_a_person_adds() -> None:
    ours, theirs = '{"command": "a.sh"}', '{"command": "mine"}'
    before, template = HOOKS % theirs, HOOKS % ours
    timed = HOOKS % f'{theirs}, {{"command": "a.sh", "timeout": 5}}'
    steps = [template, f">{timed}", HOOKS % '{"command": "a.sh", "async": true}']
    after = HOOKS % f'{theirs}, {{"command": "a.sh", "timeout": 5, "async": true}}'
    assert _told(".claude/settings.json", before, *steps) == after
    assert _told(".claude/settings.json", before, template, "{}") == before


def _projected(before: str, template: str, now: str) -> bool:
    """Tell whether what is ours is the same in a document that others changed after our write."""
    kind = _kind("x.yaml")
    after = merged(before.encode(), template.encode(), kind)
    ours = past([(before.encode(), after)], kind)
    return projection(after, template.encode(), ours, kind) == projection(now.encode(), template.encode(), ours, kind)


@pytest.mark.parametrize(
    ("now", "same"),
    [
        ("l:\n- a\n- x\nm: [1]\nv: 'q'\n", True),
        ("l:\n- x\n- new\nv: q\n", True),
        ("l:\n- a\nm: [1]\nv: q\n", False),
        ("l:\n- a\n- x\nm: [1]\nv: other\n", False),
        ("l:\n- a\n- x\nm: [1]\n", False),
    ],
)
def test_what_others_change_beside_ours_is_no_drift(now: str, same: bool) -> None:
    assert _projected("l:\n- a\nm: [1]\n", "l: [x]\nv: q\n", now) is same


@pytest.mark.parametrize(
    ("name", "before", "named", "now", "next_one"),
    [
        ("x.json", '{"a":1,"b":2}', '{"c": 1}', '{"a":11,"b":2,"c": 1}', "{}"),
        ("x.yaml", "a: 1\n", "c: 1\n", "a: 11\nc: 1\n", ""),
        ("x.yaml", "a: 1\n", "c: 1\n", "a: 11\nc: 1\n", "# nothing\n"),
        ("x.yaml", "a: 1\n", "c: 1\n", "a: 11\nc: 1\n", "{}\n"),
        ("x.toml", "a = 1\n", "c = 1\n", "a = 11\nc = 1\n", ""),
        ("x.ini", "a = 1\n", "c = 1\n", "a = 11\nc = 1\n", ""),
        ("x.yaml", "a: 1\n", "c: {}\n", "a: 1\nc: {mine: 1}\n", "c: {}\n"),
        ("x.yaml", "c: {x: 1}\n", "c: {}\nd: 1\n", "c: {x: 2}\nd: 1\n", "c: {}\n"),
        ("x.toml", "[c]\nx = 1\n", "d = 1\n[c]\n", "d = 1\n[c]\nx = 2\n", "[c]\n"),
    ],
)  # fmt: skip
def test_what_others_change_is_no_drift_where_the_template_names_nothing_more(
    name: str, before: str, named: str, now: str, next_one: str
) -> None:
    kind = _kind(name)
    after = merged(before.encode(), named.encode(), kind)
    ours = past([(before.encode(), after)], kind)
    here, there = (projection(text, next_one.encode(), ours, kind) for text in (after, now.encode()))
    assert here == there


def test_a_list_that_nobody_wrote_to_may_grow_and_a_document_that_is_ours_alone_stays_one() -> None:
    kind = _kind("x.yaml")
    grown = [projection(text, b"l: [a]\n", Ours(), kind) for text in (b"l: [a]\n", b"l: [a, b]\n")]
    assert grown[0] == grown[1]
    made = merged(b"", b'{"a": 1}', _kind("x.json"))
    assert merged(made, b"{}", _kind("x.json"), (b"", made)) == b"{}"


@pytest.mark.parametrize(
    ("template", "line", "what"),
    [
        ('{"a": 1,\n// c\n"b": 2}', 2, "a comment"),
        ('{"a": 1,}', 1, "a trailing comma"),
        ('{"b": [1,],\n"a": 1}', 1, "a trailing comma"),
        ('{\n"a": 1 /* x */}', 2, "a comment"),
    ],
)
def test_a_template_that_is_not_strict_json_is_refused_whatever_its_file_says(
    template: str, line: int, what: str
) -> None:
    item = decisions.managed("q.json", template, FileRule(Mode.MERGE))
    told = strategy(Mode.MERGE).template_fault(item)
    assert told == f"templates/project/q.json: line {line}: holds {what}, which q.json does not allow; take it out"
    assert (
        strategy(Mode.MERGE).template_fault(replace(item, rule=FileRule(Mode.MERGE, format=FormatName.JSONC))) is None
    )
