"""What stands empty in YAML, and what a template puts there: written as the template has it, gone without a trace."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_LIST = "key:  # ours\n  # first\n  - a  # A\n  - |\n    text\n"
_MAPPING = "key:  # ours\n  # first\n  a: 1  # A\n  b: >-\n    text\n"
_ENTRIES = {"[]": _LIST, "{}": _MAPPING}


def _life(text: str) -> Life:
    return Life("x.yaml", text, FileRule(Mode.MERGE))


def _below(template: str) -> str:
    return template.partition("\n")[2]


@pytest.mark.parametrize("empty", _ENTRIES)
@pytest.mark.parametrize(
    ("before", "head"),
    [
        ("k: 0\nkey: EMPTY\nz: 1\n", "key: # ours"),
        ("key: EMPTY   # his\n# more\nz: 1\n", "key:   # his"),
        ("key:   EMPTY\n", "key: # ours"),
        ("key: EMPTY  \n", "key: # ours  "),
        ("key:\n  EMPTY # his\n", "key: # his"),
        ("key: &x EMPTY\nz: 1\n", "key: &x # ours"),
        ("'key':\tEMPTY\n", "'key': # ours"),
        ("? key\n: EMPTY\n", None),
        ("key: EMPTY", "key: # ours"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_stands_empty_is_filled_as_the_block_that_the_template_has(
    before: str, head: str | None, empty: str, newline: str
) -> None:
    before, template = before.replace("EMPTY", empty).replace("\n", newline), _ENTRIES[empty]
    file = _life(before)
    file.rolled_out(template)
    made = str(file.text)
    assert file.plan(template) is None
    if head is not None:
        assert (head + "\n" + _below(template)).strip() in made.replace("\r\n", "\n")
    assert file.lived("{}\n") == before


@pytest.mark.parametrize("empty", _ENTRIES)
@pytest.mark.parametrize("before", ["key: [EMPTY]\n", "{key: EMPTY}\n", "- key: EMPTY\n", "key: EMPTY\n"])
def test_between_brackets_it_stays_between_brackets(before: str, empty: str) -> None:
    file = _life(before.replace("EMPTY", empty))
    flow = {"[]": "key: [a]\n", "{}": "key: {a: 1}\n"}[empty]
    file.rolled_out(flow if before == "key: EMPTY\n" else _ENTRIES[empty])
    assert "\n  - a" not in str(file.text)
    assert file.lived("{}\n") == before.replace("EMPTY", empty)


@pytest.mark.parametrize("empty", _ENTRIES)
@pytest.mark.parametrize("around", ["key: EMPTY # his\n", "a:\n    key: EMPTY\n    b: 1\n", "key: EMPTY"])
def test_a_block_that_filled_it_lives_on(around: str, empty: str) -> None:
    before, template = around.replace("EMPTY", empty), _ENTRIES[empty]
    other = template.replace("a", "c", 1).replace("text", "other")
    one_left = {"[]": "key:\n  - a\n", "{}": "key:\n  a: 1\n"}[empty]
    steps = [template, other, one_left, template, f"key: {empty}\n", template]
    if around.startswith("a:"):
        steps = ["a:\n" + "".join(f"  {line}\n" for line in step.splitlines()) for step in steps]
    file = _life(before)
    for step in steps:
        file.rolled_out(step)
        assert file.plan(step) is None
    assert file.lived("{}\n") == before
    assert file.asked == []


@pytest.mark.parametrize("empty", _ENTRIES)
def test_what_a_person_wrote_into_the_block_stays_in_it(empty: str) -> None:
    file = _life(f"key: {empty} # his\nz: 1\n")
    file.rolled_out(_ENTRIES[empty])
    mine = {"[]": "  - mine # m\n", "{}": "  mine: 1 # m\n"}[empty]
    file.text = str(file.text).replace("z: 1\n", f"{mine}z: 1\n")
    assert file.lived("{}\n") == f"key: # his\n{mine}z: 1\n"


@pytest.mark.parametrize(
    ("before", "steps"),
    [
        ("b:  \n", ["b: 1 # c\n", "b: 2\n"]),
        ("b:  \r\nz: 1\r\n", ["b: 1 # c\n", "b: x # d\n"]),
        ("b:  ", ["b: 1 # c\n"]),
        ("b:  \n", ["b: # c\n  d: 1\n"]),
        ("b:\t\n", ["b: # c\n- 1\n"]),
        ("b:  \n", ["b: | # c\n  x\n"]),
        ("b:  \n", ["b: |\n  x\n", "b: >  \n  y\n"]),
        ("b: 1  \n", ["b: 2 # c \n"]),
        ("b: x  \nz: 1\n", ["b: # c\n  d: 1\n"]),
        ("b: [x]  \n", ["b: {a: 1} # c\n"]),
        ("b: |  \n  x\nz: 1\n", ["b: 1 # c\n", "b: > # d\n  y\n"]),
        ("b:  \n  c: 1  \nz: 1\n", ["b: 1 # c\n"]),
        ("b:  \n  c: 1  \nz: 1\n", ["b: 1\n", "b: |\n  text\n"]),
        ("b:  \n  - 1  \nz: 1\n", ["b: 1 # c\n", "b: {x: 1} # d\n"]),
        ("b:  # his  \n", ["b: 1 # c\n"]),
    ],
)
def test_blanks_at_the_end_of_a_line_of_others_stay(before: str, steps: list[str]) -> None:
    file = _life(before)
    file.lived(*steps)
    assert file.plan(steps[-1]) is None
    assert file.lived("{}\n") == before
