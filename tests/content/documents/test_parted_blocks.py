"""What is new in a block of YAML is parted from the others as they are, and the blank line goes with it."""

from __future__ import annotations

import itertools

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.content.places import shared
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World

WORKFLOW = "name: ci\n\non: push\n\n# what runs\njobs:\n  a:\n    runs-on: x\n"
RULE = "files: {w.yml: {mode: merge}}\n"


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize("end", ["", "\n", "# end\n"])
def test_a_new_block_stands_as_those_beside_it_and_leaves_nothing_behind(world: World, kind: str, end: str) -> None:
    there, head = shared(world, kind, "w.yml", WORKFLOW + end)
    world.tail = head + RULE
    world.template("project/w.yml", "concurrency:\n  group: x\nenv:\n  A: 1\nname: ci\n")
    assert world.run("apply", "--yes").code == 0
    added = "\nconcurrency:\n  group: x\n\nenv:\n  A: 1\n"
    assert there.read_text() == (WORKFLOW + end + added if end == "# end\n" else WORKFLOW + added + end)
    world.template("project/w.yml", "env:\n  A: 1\nname: ci\n")
    assert world.run("apply", "--yes").code == 0
    world.template("project/w.yml", "name: ci\n")
    assert world.run("apply", "--yes").code == 0
    assert there.read_text() == WORKFLOW + end


@pytest.mark.parametrize(
    ("theirs", "template", "then"),
    [
        ("a: 1\nb: 2\n", "c:\n  d: 1\n", "a: 1\nb: 2\nc:\n  d: 1\n"),  # they part nothing
        ("a: 1\n\nb: 2\nc: 3\n", "d:\n  e: 1\n", "a: 1\n\nb: 2\nc: 3\nd:\n  e: 1\n"),  # not all
        ("a: 1\n", "d:\n  e: 1\n", "a: 1\nd:\n  e: 1\n"),  # one alone parts nothing
        ("x:\n  a: 1\n  b: 2\n\ny: 3\n", "x:\n  c: 1\n", "x:\n  a: 1\n  b: 2\n  c: 1\n\ny: 3\n"),  # not in it
        ("a: 1\n\nb: 2\n", "c: 1\n", "a: 1\n\nb: 2\nc: 1\n"),  # one blank line, and a plain value
        ("a: 1\n\nb: |+\n  x\n", "c: [1]\n", "a: 1\n\nb: |+\n  x\nc: [1]\n"),  # the blank line would be in their text
    ],
)
def test_nothing_else_is_parted(world: World, theirs: str, template: str, then: str) -> None:
    there, head = shared(world, "folder", "w.yml", theirs)
    world.tail = head + RULE
    world.template("project/w.yml", template)
    assert world.run("apply", "--yes").code == 0
    assert there.read_text() == then


@pytest.mark.parametrize(
    ("theirs", "template", "then"),
    [
        ("a: 1\n\nb: 2\n\nc: 3\n", "d: 1\ne: 2\n", "a: 1\n\nb: 2\n\nc: 3\n\nd: 1\n\ne: 2\n"),
        ("x:\n  a: 1\n\n  b: 2\n\n  c: 3\n", "x:\n  d: 1\n", "x:\n  a: 1\n\n  b: 2\n\n  c: 3\n\n  d: 1\n"),
        ("x:\n  a: 1\n\n  b: 2\n", "x:\n  c:\n    d: 1\n", "x:\n  a: 1\n\n  b: 2\n\n  c:\n    d: 1\n"),
        ("l:\n  - r: a\n    v: 1\n\n  - r: b\nz: 1\n", "l:\n  - r: c\n    v: 1\n  - r: d\n",
         "l:\n  - r: a\n    v: 1\n\n  - r: b\n\n  - r: c\n    v: 1\n\n  - r: d\nz: 1\n"),
        ("l:\n- a\n\n- b\n# end\n", "l: [c]\n", "l:\n- a\n\n- b\n\n- c\n# end\n"),
        ("s:\n  a:\n    i: x\n\n  # on b\n  b:\n    i: y\n\n# on t\nt: 1\n", "s:\n  c: {i: z}\n",
         "s:\n  a:\n    i: x\n\n  # on b\n  b:\n    i: y\n\n  c: {i: z}\n\n# on t\nt: 1\n"),
        ("a: 1\n\nb: 2\n\nc: 3\n", "k: |+\n  x\n\nl: 1\n", "a: 1\n\nb: 2\n\nc: 3\n\nk: |+\n  x\n\nl: 1\n"),
    ],
)  # fmt: skip
@first_rows(1, "kind", ["branch", "folder"])
def test_what_is_new_stands_apart_where_all_do(world: World, kind: str, theirs: str, template: str, then: str) -> None:
    there, head = shared(world, kind, "w.yml", theirs)
    world.tail = head + RULE
    world.template("project/w.yml", template)
    assert world.run("apply", "--yes").code == 0
    assert there.read_text() == then
    world.tail = head + "files: {w.yml: {mode: absent}}\n"
    assert world.run("apply", "--yes").code == 0
    assert there.read_text() == theirs


def test_the_layout_does_not_hang_on_the_order_of_the_runs() -> None:
    lives = [Life("w.yml", "a: 1\n\nb: 2\n\nf: 3\n", FileRule(Mode.MERGE)) for _ in range(3)]
    ways = (["c: 1\nd:\n  e: 1\n"], ["c: 1\n", "c: 1\nd:\n  e: 1\n"], ["x: 1\n", "c: 1\nd:\n  e: 1\n"])
    texts = {life.lived(*templates) for life, templates in zip(lives, ways, strict=True)}
    assert texts == {"a: 1\n\nb: 2\n\nf: 3\n\nc: 1\n\nd:\n  e: 1\n"}


def test_a_blank_line_of_others_stays_where_our_block_gets_another_name(world: World) -> None:
    there, head = shared(world, "folder", "w.yml", "a: 1\n")
    world.tail = head + RULE
    world.template("project/w.yml", "b:\n  x: 1\n")
    assert world.run("apply", "--yes").code == 0
    there.write_text("a: 1\n\nb:\n  x: 1\n")
    world.template("project/w.yml", "c:\n  x: 1\n")
    assert world.run("apply", "--yes").code == 0
    assert there.read_text() == "a: 1\n\nc:\n  x: 1\n"
    world.tail = head + "files: {w.yml: {mode: absent}}\n"
    assert world.run("apply", "--yes").code == 0
    assert there.read_text() == "a: 1\n\n"


@pytest.mark.parametrize(
    ("theirs", "template", "then"),
    [
        ("n: X\nu: y\n\nt:\n  n: m\n\np:\n  - s\n", "e:\n  t: 1\n",
         "n: X\nu: y\n\nt:\n  n: m\n\np:\n  - s\n\ne:\n  t: 1\n"),
        ("n: X\nu: y\n\nt:\n  n: m\n\np:\n  - s\n", "e: 1\nf: [1]\n",
         "n: X\nu: y\n\nt:\n  n: m\n\np:\n  - s\ne: 1\nf: [1]\n"),
        ("t:\n  n: m\n\np:\n  - s\nz: 1\n", "e:\n  t: 1\n", "t:\n  n: m\n\np:\n  - s\nz: 1\ne:\n  t: 1\n"),  # one
        ("n: X\nt:\n  n: m\n\np:\n  - s\n", "e:\n  t: 1\n", "n: X\nt:\n  n: m\n\np:\n  - s\ne:\n  t: 1\n"),  # not all
        ("j:\n  v: 1\n  w: 2\n\n  a:\n    r: x\n\n  b:\n    r: x\n", "j:\n  c:\n    r: x\n",
         "j:\n  v: 1\n  w: 2\n\n  a:\n    r: x\n\n  b:\n    r: x\n\n  c:\n    r: x\n"),
        ("n: x\n\nt:\n  n: m\n\nc:\n  - a\nj:\n  - b\n\nv:\n  - a\n", "p:\n  - s\n",
         "n: x\n\nt:\n  n: m\n\nc:\n  - a\nj:\n  - b\n\nv:\n  - a\n\np:\n  - s\n"),  # most
        ("n: x\n\nt:\n  n: m\n\nc:\n  - a\n\nj:\n  - b\nv:\n  - a\n", "p:\n  - s\n",
         "n: x\n\nt:\n  n: m\n\nc:\n  - a\n\nj:\n  - b\nv:\n  - a\np:\n  - s\n"),  # not the last one
        ("l:\n- p\n- q\n\n- r: a\n\n- r: b\n", "l: \n- r: c\n", "l:\n- p\n- q\n\n- r: a\n\n- r: b\n\n- r: c\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_block_stands_apart_where_most_blocks_do(theirs: str, template: str, then: str, newline: str) -> None:
    first = theirs.replace("\n", newline)
    file = Life("mkdocs.yml", first, FileRule(Mode.MERGE))
    assert file.lived(template) == then.replace("\n", newline)
    assert file.plan(template) is None
    assert file.lived("{}\n") == first


_ENDS = ("\n", "", "\n\n\n", "\n# end\n", "\n...\n", "\n\n# end\n\n")
_TEMPLATES = (
    "env:\n  A: 1\n", "t: 1\n", "z: {A: 1}\n", "u:\n- 1\n", "v: |\n  text\n", "env:\n  A: 1\nt: 1\n", "t: 1\nu:\n- 1\n",
    "# on w\nw:\n  A: 1\n", "b: 2\n",
)  # fmt: skip


@pytest.mark.parametrize("rest", [False, pytest.param(True, marks=pytest.mark.long)], ids=["a part", "the rest"])
@first_rows(2, "end", _ENDS)
@pytest.mark.parametrize(
    "theirs",
    [
        "a: 1\n\nb: 2",
        "a:\n  x: 1\n\nb:\n- 2",
        "a: 1\n\n# on b\nb: 2\n\nc: 3",
        "a: 1\nb: 2",
        "a: 1\n\nb: |+\n  2\n\nc: 3",
        "a: 1\nb: 2\n\nc:\n  x: 1\n\nd:\n- 2",
    ],
)
def test_one_template_after_the_other_leaves_what_others_wrote(theirs: str, end: str, rest: bool) -> None:
    wrong = []
    for number, (one, other) in enumerate(itertools.permutations(_TEMPLATES, 2)):
        if (number % 7 > 0) != rest:
            continue
        for newline in ("\n", "\r\n")[number % 2 :][:1]:
            before = (theirs + end).replace("\n", newline)
            file = Life("ci.yml", before, FileRule(Mode.MERGE))
            texts = [file.lived(template) or "" for template in (one, other)]
            ended = [
                text.endswith("\n") == before.endswith("\n") for text in texts if not text.strip().endswith("text")
            ]
            if not all(ended) or file.plan(other) or file.lived("{}\n") != before:
                wrong.append((one, other, newline, texts, file.text))
    assert wrong == []


_NESTED = (
    ("x:\n  a: 1\n\n  b: 2\n\n  w: 4", ("x: {c: 1}\n", "x:\n  c:\n    d: 1\n", "x: {c: 1, d: 2}\n",
     "x:\n  d: |\n    text\n", "x: {d: 3}\ny: 1\n")),
    ("x:\n  a: 1\n\n  b: 2", ("x: {c: 1}\n", "x:\n  c:\n    d: 1\n", "x: {c: 1, d: 2}\n", "x:\n  d: |\n    text\n",
     "x: {d: 3}\ny: 1\n", "y: 1\n", "x:\n  # on e\n  e: 1\n")),
    ("x:\n  - a\n\n  # on b\n  - b", ("x: [c]\n", "x: [c, d]\n", "x: [d, c]\n", "x:\n- {e: 1}\n",
     "x:\n- e: 2\n  f: 3\n", "x:\n- |\n  text\n", "x: [d]\ny: 1\n")),
    ("x:\n- n: a\n  v: 1\n\n- n: b\n\n  v: 2", ("x: [{n: c}]\n", "x:\n- n: c\n  v: 2\n- n: d\n  v: 3\n",
     "x: [{n: b, w: 1}, {n: d}]\n", "x: [{n: b, w: 2, z: 1}]\n", "x:\n- n: d\n  v:\n  - 1\n")),
    ("x:\n  v: 1\n  a:\n    r: 1\n\n  b:\n    r: 2\n\n  c:\n  - 3\n  w: 1", ("x: {d: 1}\n", "x:\n  d:\n    r: 1\n",
     "x:\n  e:\n    r: 1\n  d: 2\n", "x:\n  e:\n  - 1\n  f:\n    g: 1\ny:\n  z: 1\n", "x:\n  c: [4]\n  d:\n  - 1\n")),
    ("x:\n  v: 1\n  w:\n    r: 0\n\n  a:\n    r: 1\n\n  b:\n    r: 2", ("x: {d: 1}\n", "x:\n  d:\n    r: 1\n",
     "x:\n  e:\n    r: 1\n  d: 2\n", "x:\n  b:\n    s: 1\n  f:\n    g: 1\ny:\n  z: 1\n", "x:\n  d: |\n    text\n")),
)  # fmt: skip


@pytest.mark.parametrize("rest", [False, pytest.param(True, marks=pytest.mark.long)], ids=["a part", "the rest"])
@first_rows(1, "matched", [False, True])
@first_rows(2, "end", [*_ENDS, "\n\nz: 9\n", "\nz: 9\n", "\n\n# on z\nz: 9\n"])
@pytest.mark.parametrize(("theirs", "templates"), _NESTED)
def test_what_others_wrote_in_a_nested_block_is_left(
    theirs: str, templates: tuple[str, ...], end: str, matched: bool, rest: bool
) -> None:
    wrong = []
    rule = FileRule(Mode.MERGE, match=(("x", ("n",)),) if matched else ())
    for number, (one, other, third) in enumerate(itertools.permutations(templates, 3)):
        if ((number + len(end)) % 19 > 0) != rest:
            continue
        newline = ("\n", "\r\n")[number % 2]
        before = (theirs + end).replace("\n", newline)
        file = Life("ci.yml", before, rule)
        texts = [file.lived(template) or "" for template in (one, other, third)]
        if file.plan(third) or file.lived("{}\n") != before:
            wrong.append((one, other, third, newline, texts, file.text))
    assert wrong == []


@first_rows(6, "newline", ["\n", "\r\n"])
@pytest.mark.parametrize("header", ["|", ">", "|-", "|+"])
@pytest.mark.parametrize(
    "key", ["jobs:\n  a:\n    run: {0}\n      echo\n{1}  c: {{x: 1}}\n", "jobs:\n- {0}\n    echo\n{1}- c\n"]
)
def test_a_blank_line_of_a_text_parts_nothing(key: str, header: str, newline: str) -> None:
    before = key.format(header, "          \n").replace("\n", newline)
    new = "  b: {x: 2}\n" if "a:" in key else "- b\n"
    file = Life("x.yaml", before, FileRule(Mode.MERGE))
    assert file.lived("jobs:\n" + new) == before + new.replace("\n", newline)
    assert file.lived("{}\n") == before
    parted = key.format(header, "          \n\n").replace("\n", newline)
    file = Life("x.yaml", parted, FileRule(Mode.MERGE))
    blank = "" if header == "|+" else newline  # it says one more line end
    assert file.lived("jobs:\n" + new) == parted + blank + new.replace("\n", newline)
    assert file.lived("{}\n") == parted


@pytest.mark.parametrize("below", ["tags: [x]", "tags:\n    - x", "tags:\n    x: 1"])
def test_no_blank_line_gets_into_a_text_that_ends_the_document_once_ours_below_it_is_gone(below: str) -> None:
    before = "a: 1\n\nb: 2\n\ntest:\n  script:\n    - |+\n      echo a\n\n"
    file = Life("x.yaml", before, FileRule(Mode.MERGE))
    file.lived(f"test:\n  {below}\n")
    assert file.lived("v: 1\n") == f"{before}v: 1\n"
    assert file.lived("{}\n") == before


@first_rows(2, "end", ["", "z: |+\n  z\n\n", "z: 9\n", "\nz: 9\n"])
@pytest.mark.parametrize(
    ("theirs", "templates"),
    [
        ("a: 1\n\nb: 2\n\nx:\n  s: |+\n    text\n\n",
         ("x: {t: 1}\n", "x: {t: 1}\nv: 1\n", "v: 1\n", "v: 1\nw: 2\n", "x: {t: {u: 1}}\nw: 2\nv: 1\n")),
        ("a: 1\n\nx:\n- s: |+\n    text\n\n",
         ("x: [{t: 1}]\n", "x: [{t: 1}, {u: 2}]\nv: {g: 1}\n", "x: [{u: 2}]\nv: {g: 1}\n", "v: {g: 1}\n")),
        ("x:\n  r: 1\n\n  s: >+ # kept\n    text\n\n",
         ("x: {t: 1, u: 2}\n", "x: {u: 2}\n", "x: {t: 1, u: 2}\nv: 1\n", "v: 1\n", "v: |+\n  text\n\nw: 1\n",
          "w: 1\n")),
    ],
)  # fmt: skip
def test_no_blank_line_of_ours_falls_into_a_text_above(theirs: str, templates: tuple[str, ...], end: str) -> None:
    wrong = []
    for lived in [*itertools.permutations(templates, 3)][len(end) % 5 :: 5]:
        newline = ("\n", "\r\n")[lived[0] < lived[1]]
        before = (theirs + end).replace("\n", newline)
        file = Life("ci.yml", before, FileRule(Mode.MERGE))
        texts = [file.lived(template) or "" for template in lived]
        one_newline = all(text.count(newline) == text.count("\n") for text in texts)
        if not one_newline or file.plan(lived[-1]) or file.lived("{}\n") != before:
            wrong.append((lived, newline, texts, file.text))
    assert wrong == []
