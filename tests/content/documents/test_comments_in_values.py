"""A comment of others inside an INI value of several lines stays above the line that it describes."""

from __future__ import annotations

import pytest

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_NAMED = "[o]\nreqs =\n    aa\n    bb\n    cc\n"
_CASES = [
    ("    aa\n    # about bb\n    bb\n", "    aa\n    # about bb\n    bb\n    cc\n"),
    ("    # about aa\n    aa\n", "    # about aa\n    aa\n    bb\n    cc\n"),
    ("    # about aa\n    # more\n    aa\n    # about cc\n    cc\n",
     "    # about aa\n    # more\n    aa\n    bb\n    # about cc\n    cc\n"),
    ("    aa\n    # about bb\n    bb\n    dd\n", "    aa\n    # about bb\n    bb\n    cc\n"),
    ("    zz\n    # about aa\n    aa\n    yy\n    # about cc\n    cc\n",
     "    # about aa\n    aa\n    bb\n    # about cc\n    cc\n"),
    ("    aa\n    # about zz\n    zz\n", "    aa\n    bb\n    cc\n    # about zz\n"),
    ("    aa\n# at the margin\n    bb\n", "    aa\n# at the margin\n    bb\n    cc\n"),
]  # fmt: skip


def _told(value: str, newline: str) -> str:
    return f"[o]\nreqs =\n{value}x = 1\n".replace("\n", newline)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("before", "after"), _CASES)
def test_it_stays_above_its_line_and_comes_back_with_it(before: str, after: str, newline: str) -> None:
    file = Life("setup.cfg", _told(before, newline), FileRule(Mode.MERGE))
    assert file.lived(_NAMED) == _told(after, newline)
    assert file.plan(_NAMED) is None
    assert file.lived("") == _told(before, newline)


def test_one_that_a_person_put_into_a_value_of_ours_stays_there() -> None:
    file = Life("setup.cfg", "[o]\nx = 1\n", FileRule(Mode.MERGE))
    file.lived("[o]\nreqs =\n    aa\n    bb\n")
    file.text = (file.text or "").replace("    bb", "    # about bb\n    bb")
    assert file.lived(_NAMED) == "[o]\nx = 1\nreqs =\n    aa\n    # about bb\n    bb\n    cc\n"
    planned = file.rolled_out("")
    assert planned is not None
    assert planned.action is Action.UPDATE
    assert file.text == "[o]\nx = 1\n    # about bb\n"


@pytest.mark.parametrize("nothing", ["merge", "absent"])
def test_two_that_are_alike_are_no_markers_of_a_block(nothing: str) -> None:
    before = "[o]\nreqs =\n    aa\n    # on bb\n    bb\n    # on cc\n    cc\n"
    file = Life("setup.cfg", before, FileRule(Mode.MERGE))
    for value in ("cc", "dd", "ee"):
        text = file.lived(f"[o]\nreqs =\n    {value}\n")
        assert text == f"[o]\nreqs =\n    {value}\n    # on bb\n    # on cc\n"
    file.rule = FileRule(Mode(nothing))
    assert file.lived("") == before


def test_one_that_the_template_has_too_stands_once() -> None:
    file = Life("setup.cfg", "[o]\nreqs =\n    # about aa\n    aa\n", FileRule(Mode.MERGE))
    template = "[o]\nreqs =\n    # about aa\n    aa\n    bb\n"
    assert file.lived(template) == template
    assert file.lived("") == "[o]\nreqs =\n    # about aa\n    aa\n"
