"""A merge of drift that does not come out clean names the line of the file that a person opens."""

from __future__ import annotations

import pytest

from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.inventory import FileRule, Mode
from tests import decisions
from tests.lives import Life

_MERGE = Decisions(on_drift=OnDrift.MERGE)


def _conflict(file: Life, template: str) -> str:
    item = decisions.managed(file.path, template, file.rule)
    change = decisions.only_change(decisions.step(item, decisions.file(file.text), file.last, _MERGE))
    assert change.action is Action.CONFLICT
    return change.cause


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_in_a_block_it_counts_from_the_top_of_the_file(newline: str) -> None:
    file = Life("R.md", "# Title\n\nintro\n".replace("\n", newline), FileRule(Mode.BLOCK))
    file.lived("one\ntwo\nthree\n")
    text = (file.text or "").replace("two", "2")
    file.text = f"above{newline}{text}"
    line = file.text.split(newline).index("2") + 1
    assert f"both sides changed line {line};" in _conflict(file, "one\nTWO\nthree\n")


def test_in_a_whole_file_it_is_the_line_where_it_stands_now() -> None:
    file = Life("w.txt", None, FileRule(Mode.WHOLE))
    file.lived("a\nb\nc\nd\ne\n", ">new\nnew\na\nb\nc\nD\ne\n")
    assert "both sides changed line 6;" in _conflict(file, "a\nb\nc\nX\ne\n")


@pytest.mark.parametrize(
    ("before", "template"),
    [
        ("x: &l\n  d: y\nweb:\n  log: *l\n", "web: {log: {d: x}}\n"),
        ("x: &l {d: y}\nweb: &w {<<: *l}\nz: *w\n", "web: {d: x}\n"),
    ],
)
def test_what_is_an_alias_names_a_way_out(before: str, template: str) -> None:
    planned = Life("c.yaml", before, FileRule(Mode.MERGE)).plan(template)
    assert planned is not None
    assert planned.action is Action.ERROR
    assert "change it by hand and take it out of the template" in planned.cause


def test_a_block_that_a_person_took_out_is_told_as_that() -> None:
    file = Life("A.md", "# top\n\nbottom\n", FileRule(Mode.BLOCK))
    file.lived("L1\n", "># top\n\nbottom\n")
    assert "a deletion cannot be merged" in _conflict(file, "L1\nL2\n")
