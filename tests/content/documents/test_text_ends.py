"""YAML texts of others that end the file, or keep the blank lines behind them, say the same when keys are added."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ruamel.yaml import YAML

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.first_rows import first_rows
from tests.lives import Life

_ENDS = ("", "\n", "\n\n", "\n  ", "\n# end", "\n\n# end\n", "\n...", "\n\nb: 1\n", "\nb: 1",
         "\n         \n", "\n\n         ", "\n         \n  \nb: 1\n")  # fmt: skip
_HEADERS = ("|", ">", "|-", "|+", "|2", "| # theirs", "|+ # theirs")
_PLACES = ("a: {0}\n  text", "# top\na: {0}\n  one\n  text", "first: 1\n\n# on a\na: {0}\n  text",
           "k:\n  a: {0}\n      text", "l:\n- a: {0}\n      text")  # fmt: skip
_TEMPLATES = (
    "z: 1\n",
    "k: {z: 1}\n",
    "z: |\n  q",
    "z: |\n  q\n",
    "z: >+\n  q\n\n",
    "k:\n  z: |+2\n    q\n\n\n",
    "k: {z: {}}\n",
)

_DOCUMENTS = [place.format(header) + end for place, header, end in itertools.product(_PLACES, _HEADERS, _ENDS)]


def _life(text: str) -> Life:
    return Life("x.yaml", text, FileRule(Mode.MERGE))


def _said(text: str) -> Any:
    return YAML(typ="safe").load(text)


def _united(one: Any, other: Any) -> Any:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return {**one, **{key: _united(one.get(key), value) for key, value in other.items()}}


_TURNS = list(enumerate(itertools.product(_TEMPLATES, ("\n", "\r\n"))))


@first_rows(4, ("turn", "told"), _TURNS)
def test_every_text_says_what_it_said_and_the_key_that_was_added_goes_away_to_the_byte(
    turn: int, told: tuple[str, str]
) -> None:
    template, newline = told
    for document in (text.replace("\n", newline) for text in _DOCUMENTS[turn :: len(_TURNS)]):
        if _said(document.replace("\r\n", "\n")) is None:
            continue
        file = _life(document)
        after = file.lived(template)
        assert after is not None
        assert after != document, "it was refused"
        assert _said(after) == _united(_said(document), _said(template)), document
        assert file.lived("{}\n") == document


def test_a_text_that_is_replaced_leaves_the_comment_of_others_behind_its_first_line() -> None:
    file = _life("a: |  # why\n  one\n  two\nb: 1\n")
    assert file.lived("a: 7\n") == "a: 7  # why\nb: 1\n"
    assert file.lived("a: |\n  three\n") == "a: |  # why\n  three\nb: 1\n"
    assert file.lived("b: 1\n") == "a: |  # why\n  one\n  two\nb: 1\n"


def test_an_entry_behind_a_text_without_a_line_end_is_refused_with_the_way_out() -> None:
    planned = _life("l:\n- |\n  text").plan("l: [z]\n")
    assert planned is not None
    assert planned.cause == "line 2: the text that ends the file has no line end; add one"


@first_rows(1, "newline", ["\n", "\r\n"])
@pytest.mark.parametrize("header", ["|", ">", "|-", "|+"])
def test_a_text_of_ours_says_no_line_of_blanks_that_others_have(header: str, newline: str) -> None:
    templates = [f"b: {header}\n  t\n", f"a: {header}\n  t\nb: 1\n", f"a:\n  - {header}\n    t\n", "b: [x]\n"]
    for before in ("a: 1\n    \n", "a: 1\n    ", "a: 1\n    \n\nc: 1\n", "a:\n- x\n     \nc: 1\n", "a: []\n     \n"):
        for steps in (templates, *([one] for one in templates)):
            file = _life(before.replace("\n", newline))
            for step in steps:
                planned = file.rolled_out(step)
                assert planned is None or planned.action is not Action.ERROR, planned.cause
                assert file.plan(step) is None
                assert _said(str(file.text))[step[0]] in (_said(step)[step[0]], ["x", "t\n"], ["x", "t"])
            assert file.lived("{}\n") == before.replace("\n", newline)


def test_a_template_may_have_a_text_that_ends_with_a_line_of_blanks() -> None:
    file = _life("z: 1\n")
    template = "jobs:\n  a:\n    run: |\n      echo\n        \n"
    assert file.lived(template) == "z: 1\n" + template
    assert file.lived(template + "  b: 1\n") == "z: 1\n" + template + "  b: 1\n"
    assert file.lived("{}\n") == "z: 1\n"


@pytest.mark.parametrize(
    "template", ["a: |\n  two\n  lines\n", "a: |-\n  two\n", "a:\n  x: >\n    two\n", "a:\n- |+\n  two\n\n"]
)
@pytest.mark.parametrize(
    "theirs",
    [
        "a:\n    k: s\n      # theirs\n    o: 1\n\nd: 1\n",
        "a:\n    k: s # theirs\n    o: 1\n\nd: 1\n",
        'a: "a\n  b"\n  # theirs\no: 1\n',
        "a: 1\n\n\n    # theirs\n # theirs\no: 1\n",
        "a: 1 # theirs\n # theirs\no: 1\n",
        "a:\n    -   p: x # theirs\n        l: [g]\n    - t: |\n        u\n",
    ],
)
def test_a_text_of_ours_says_no_comment_that_others_have_below_it(theirs: str, template: str) -> None:
    file = _life(theirs)
    file.lived(template)
    there, wanted = _said(file.text or "")["a"], _said(template)["a"]
    assert there[-1:] == wanted if isinstance(wanted, list) else there == _united(_said(theirs)["a"], wanted)
    assert (file.text or "").count("# theirs") == theirs.count("# theirs")
    assert file.plan(template) is None
    assert file.lived("{}\n") == theirs
