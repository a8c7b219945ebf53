"""TOML tables and lists that stand only in what is in them, without a header of their own: they go with it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rollout.model.inventory import FileRule, Mode
from tests.first_rows import first_rows
from tests.lives import Life

_MERGE = FileRule(Mode.MERGE)
_SAID = (
    "l.n = 2\n", "[l]\nn = 2\n", "[l.n]\nk = 2\n", "[[l]]\nk = 2\n", "l = 2\n", "l = [2]\n", "l = {k = 2}\n",
    "l = [{k = 2}]\n", "[l]\n", "l = {}\n", "l = []\n", "z = 1\n",
)  # fmt: skip


def _is_written(file: Life, template: str) -> None:
    """Roll out a template, and see that this asks nothing, is done, and goes away again."""
    file.asked.clear()
    file.rolled_out(template)
    assert (file.asked, file.plan(template)) == ([], None)


def _and_goes(file: Life, rest: str | None) -> None:
    for rule, template in ((_MERGE, ""), (replace(_MERGE, mode=Mode.ABSENT), "")):
        gone = file.copy()
        gone.rule = rule
        gone.rolled_out(template)
        assert (gone.text or "").strip() == (rest or "").strip()
        assert gone.asked == []


@first_rows(4, "template", _SAID)
@pytest.mark.parametrize(
    ("before", "first", "theirs"),
    [
        ("[l]\ns = 1\n", "[l.n]\nk = 1\n", "[l]\ns = 1\n"),
        ("[l]\n", "[l.n]\nk = 1\n", "[l]\n"),
        ("l.s = 1\n", "l.k = 1\n", "l.s = 1\n"),
        ("[l]\ns = 1\n", "l.k.j = 1\n", None),
        ("[[l]]\ns = 1\n", "[[l]]\nk = 1\n", "[[l]]\ns = 1\n"),
        ("[l.s]\nx = 1\n", "[l.n]\nk = 1\n", "[l.s]\nx = 1\n"),
    ],
)
@first_rows(1, "others", ["", "[m]\na = 1\n"])
def test_what_others_took_their_part_out_of_is_written_anew_and_goes(
    before: str, first: str, theirs: str | None, template: str, others: str
) -> None:
    file = Life("x.toml", before + others, _MERGE)
    there = file.lived(first) or ""
    file.text = f"[l.k]\nj = 1\n{others}" if theirs is None else there.replace(theirs, "")
    assert file.text != there
    _is_written(file, template)
    _and_goes(file, others)


@first_rows(3, "template", _SAID)
@pytest.mark.parametrize("first", [*_SAID, "l = {}\n"])
@first_rows(1, "before", [None, "[x]\ny = 1\n"])
def test_what_is_ours_becomes_anything_else(before: str | None, first: str, template: str) -> None:
    file = Life("x.toml", before, _MERGE)
    file.lived(first)
    _is_written(file, template)
    _and_goes(file, before)


def test_a_table_of_ours_goes_where_others_deleted_their_own_above_it() -> None:
    before = '[project]\nname = "x"\n\n[tool.ruff]\nline-length = 88\n\n[tool.black]\nq = 1\n'
    file = Life("pyproject.toml", before, _MERGE)
    theirs = before.replace("[tool.ruff]\nline-length = 88\n\n", "")
    there = file.lived('[tool.ruff.lint]\nselect = ["E"]\n') or ""
    file.text = there.replace("[tool.ruff]\nline-length = 88\n\n", "")
    _is_written(file, "[tool.mypy]\nstrict = true\n")
    assert file.text == theirs + "\n[tool.mypy]\nstrict = true\n"
    _and_goes(file, theirs)


@pytest.mark.parametrize("renamed", ["", "[m]\n"])
def test_what_others_wrote_stays_where_the_header_of_theirs_is_another_now(renamed: str) -> None:
    file = Life("x.toml", "a = 1\n[l]\ns = 1\n", _MERGE)
    there = file.lived("[l.n]\nk = 1\n") or ""
    file.text = there.replace("[l]\n", renamed).replace("[l.n]", "# c\n[l.n]")
    file.rule = replace(_MERGE, mode=Mode.ABSENT)
    assert (file.lived(""), file.asked) == (f"a = 1\n{renamed}s = 1\n# c\n", [])


@pytest.mark.parametrize("template", ["[tool.n]\nk = 1\n", "[tool]\nn.k = 1\n", "[[tool.n]]\nk = 1\n"])
@pytest.mark.parametrize("before", [None, "[tool.black]\na = 1\n", "[[tool.b]]\nx = 1\n", "tool.m = 1\n", "[tool]\n"])
def test_a_key_of_ours_becomes_a_table_under_the_header_of_ours(before: str | None, template: str) -> None:
    file = Life("x.toml", before, _MERGE)
    file.lived("[tool]\nn = 7\n")
    _is_written(file, template)
    _and_goes(file, before)


@pytest.mark.parametrize(
    ("before", "template", "words"),
    [
        ("[[p]]\n[p.s]\nk = 1\n", "[p.s]\nk = 2\n", "a list of tables cannot become a table"),
        ("[[p]]\nk = 1\n", "p = 2\n", "a list of tables cannot become a value"),
        ("[p]\nk = 1\n", "[[p]]\nk = 2\n", "a table cannot become a list of tables"),
        ("p.k = 1\n", "p = [2]\n", "a table cannot become a list in place"),
    ],
)
def test_what_cannot_be_changed_in_place_is_told_as_what_it_is(before: str, template: str, words: str) -> None:
    planned = Life("x.toml", before, _MERGE).plan(template)
    assert planned is not None
    assert f"line 1: p: {words}" in planned.cause
