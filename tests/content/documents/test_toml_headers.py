"""A header of a TOML table is ours where others gave one only to the tables inside it: it goes with our last key."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.first_rows import first_rows
from tests.lives import Life

_LINT = '[project]\nname = "x"\n\n[tool.ruff.lint]\nselect = ["E"]\n'
_BOTH = "[tool.ruff]\nline-length = 100\n[tool.ruff.lint]\n{}\n"


def _life(text: str) -> Life:
    return Life("pyproject.toml", text, FileRule(Mode.MERGE))


@pytest.mark.parametrize("inside", ['ignore = ["X"]', 'select = ["F"]', 'select = "E"', 'select = ["E"]'])
@pytest.mark.parametrize("between", [[], ["[tool.ruff]\nline-length = 90\n"], ['[tool.ruff.lint]\nignore = ["X"]\n']])
def test_a_header_of_ours_goes_where_keys_of_ours_stood_below_it_too(inside: str, between: list[str]) -> None:
    assert _life(_LINT).lived(_BOTH.format(inside), *between, "") == _LINT


def test_a_header_that_the_template_gives_stays_without_keys() -> None:
    file = _life(_LINT)
    file.lived(_BOTH.format(""), "[tool.ruff]\n[tool.ruff.lint]\n")
    assert file.text == f"{_LINT}\n[tool.ruff]\n"
    assert file.plan("[tool.ruff]\n[tool.ruff.lint]\n") is None
    assert file.lived("") == _LINT


def test_a_header_of_ours_goes_also_where_others_wrote_a_table_inside_it_later() -> None:
    file = _life("k = 1\n")
    assert file.lived("[a]\nx = 1\n", ">k = 1\n\n[a]\nx = 1\n\n[a.b]\ny = 1\n", "") == "k = 1\n\n[a.b]\ny = 1\n"


def test_a_header_of_ours_goes_also_where_others_took_out_our_key() -> None:
    file = _life("[a.b]\ny = 1\n")
    file.lived("[a]\nx = 1\n", ">[a.b]\ny = 1\n\n[a]\n")
    planned = file.rolled_out("")
    assert planned is not None
    assert (planned.action, planned.decided) == (Action.DRIFT, False)
    assert file.text == "[a.b]\ny = 1\n"


def test_a_table_of_which_others_took_out_their_part_goes_with_our_keys() -> None:
    assert _life("k = 1\n[a.b]\ny = 1\n").lived("[a]\nx = 1\n", ">k = 1\n[a]\nx = 1\n", "") == "k = 1\n"


@pytest.mark.parametrize("theirs", ["[a]\nz = 1\n", "[a]\nz.b = 1\n"])
def test_a_header_under_which_others_wrote_stays(theirs: str) -> None:
    text = "[a.b]\ny = 1\n\n"
    assert _life(text[:-1]).lived("[a]\nx = 1\n", f">{text}{theirs}x = 1\n", "") == text + theirs


_Tables = st.recursive(
    st.sampled_from(["1", '"x"', '["p"]', '["p", "q"]']),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
    max_leaves=8,
)
_Roots = st.dictionaries(st.sampled_from("abc"), _Tables, max_size=3)


def _toml(tables: dict[str, object], path: str = "") -> str:
    """Return a document in which a table has a header only where it has keys of its own."""
    own = [f"{key} = {value}\n" for key, value in tables.items() if isinstance(value, str)]
    inner = [_toml(value, f"{path}{key}.") for key, value in tables.items() if isinstance(value, dict)]
    return "".join([f"[{path[:-1]}]\n" if own and path else "", *own, *inner])


@given(_Roots, st.lists(_Roots, min_size=1, max_size=3))
def test_what_others_wrote_is_as_it_was_when_a_template_names_nothing(
    theirs: dict[str, object], templates: list[dict[str, object]]
) -> None:
    before = _toml(theirs)
    assert _life(before).lived(*map(_toml, templates), "") == before


_TEMPLATES = (
    "[a]\nx = 1\n",
    "[a.c]\ny = 1\n",
    "[a]\nx = 2\n\n[a.c]\ny = 2\n",
    "[a.b]\nz = 1\n",
    "[a]\n",
    "a.x = 1\n",
    "[[a.t]]\nn = 1\n",
    "[a.c.d]\nw = 1\n",
    "[a]\nc.y = 1\n",
    "a = {x = 1}\n",
)
_OTHERS = (
    "[a.b]\nq = 1\n",
    "q = 1\n",
    "[a.b]\nq = 1\n\n[z]\nq = 1\n",
    "[a.b.e]\nq = 1\n",
    "[[a.s]]\nq = 1\n",
    "[z]\nq = 1\n",
    "# c\n[a.b]\nq = 1\n# d\n",
    "",
)


@pytest.mark.parametrize("rest", [False, pytest.param(True, marks=pytest.mark.long)], ids=["a part", "the rest"])
@first_rows(4, "theirs", _OTHERS)
def test_tables_that_come_and_go_leave_no_header_and_nothing_to_do(theirs: str, rest: bool) -> None:
    wrong = []
    for number, templates in enumerate(itertools.permutations(_TEMPLATES, 3)):
        if ((number + len(theirs)) % 29 > 0) != rest:
            continue
        file = Life("t.toml", theirs, FileRule(Mode.MERGE))
        for template in templates:
            last = file.plan(template)
            if last is not None and last.action is Action.ERROR:
                break
            text = file.lived(template)
            if file.plan(template) is not None:
                wrong.append((templates, template, text))
                break
        else:
            if file.lived("") != theirs:
                wrong.append((templates, "", file.text))
    assert wrong == []


def test_a_header_of_ours_goes_where_only_tables_below_it_come() -> None:
    theirs = '[tool.ruff.lint]\nselect = ["E"]\n'
    file = Life("pyproject.toml", theirs, FileRule(Mode.MERGE))
    file.lived("[tool.ruff]\nline-length = 100\n")
    assert file.lived('[tool.ruff.format]\nq = "s"\n') == f'{theirs}\n[tool.ruff.format]\nq = "s"\n'
    assert file.lived("") == theirs
